"""Fused recurrent layers: Keras' results, faster on the CPU."""

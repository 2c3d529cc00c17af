"""The fused LSTM: Keras' results from one kernel call a sequence, on the CPU."""

"""Metadata stands in setup.cfg. Here: a wheel holds what this tree holds, not what an earlier build left behind."""

from __future__ import annotations

import shutil

from setuptools import setup
from setuptools.command.build_py import build_py


class FreshBuild(build_py):
    """Builds into an empty folder."""

    def run(self) -> None:
        """Remove what lies there, then build."""
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()


setup(cmdclass={"build_py": FreshBuild})

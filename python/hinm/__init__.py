"""Python side of hinm: exporters, tool wrappers and reports.

The compiler itself is the C++ side (``hinm-opt``, ``hinm-run``); nothing here
builds IR through bindings.  Modules go in as MLIR text, numbers as ``.npy``.
"""

__version__ = "0.1.0"

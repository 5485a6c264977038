"""Studies of single questions; run them as ``python -m benchmarks.NAME``. Speed is in :mod:`gan_studio.bench`."""

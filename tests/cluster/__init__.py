"""The layout of ``deploy/`` as several hosts on this machine; run by ``make test-cluster``."""

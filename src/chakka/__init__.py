"""chakka (着課): toll-free numbers in Japan, decided, connected, recorded and charged."""

__version__ = "0.1.0"

"""Contractions by popcounts of bit planes."""

from lowering.strategies.bitserial.strategy import Bitserial

STRATEGY = Bitserial()

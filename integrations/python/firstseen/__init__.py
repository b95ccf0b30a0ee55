"""Elastic Security detection rules on events in flight.

    from firstseen import Detector, MemoryStore, PlainModule

    detector = Detector(PlainModule("firstseen-plain.wasm"), {"clock": "event"}, MemoryStore())
    for alert in detector.evaluate(b"{}\\n", arrival_ms=1795521600000).alerts:
        print(alert["document"])
"""

from .component import ComponentModule
from .detector import Detector, Given
from .module import InvalidError, ModuleError, NotConfiguredError, TrappedError
from .plain import PlainModule
from .store import MemoryStore, Store

__all__ = [
    "ComponentModule",
    "Detector",
    "Given",
    "InvalidError",
    "MemoryStore",
    "ModuleError",
    "NotConfiguredError",
    "PlainModule",
    "Store",
    "TrappedError",
]

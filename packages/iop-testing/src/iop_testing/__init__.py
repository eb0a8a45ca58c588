"""Test kit for productions, and conformance suites for authors of plug-ins."""

import pytest

# Before the suites are imported: only then do their asserts explain themselves.
pytest.register_assert_rewrite(
    "iop_testing.serializer_suite",
    "iop_testing.store_trial",
    "iop_testing.store_suite",
    "iop_testing.store_change_suite",
    "iop_testing.store_history_suite",
    "iop_testing.store_reply_suite",
    "iop_testing.conformance",
)

from iop_testing.codecs import codec_for  # noqa: E402
from iop_testing.production_run import ProductionRun, run_production  # noqa: E402
from iop_testing.serializer_suite import SerializerSuite  # noqa: E402
from iop_testing.store_change_suite import StoreChangeSuite  # noqa: E402
from iop_testing.store_history_suite import StoreHistorySuite  # noqa: E402
from iop_testing.store_reply_suite import StoreReplySuite  # noqa: E402
from iop_testing.store_suite import StoreSuite  # noqa: E402
from iop_testing.virtual_clock import VirtualClock  # noqa: E402

__all__ = (
    "ProductionRun",
    "SerializerSuite",
    "StoreChangeSuite",
    "StoreHistorySuite",
    "StoreReplySuite",
    "StoreSuite",
    "VirtualClock",
    "codec_for",
    "run_production",
)

"""The suite of the test kit; run with pytest where acme-msgpack is installed."""

import pytest
from acme_msgpack import MsgpackSerializer

from iop_testing import SerializerSuite


class TestMsgpackSerializer(SerializerSuite):
    @pytest.fixture
    def serializer(self):
        return MsgpackSerializer()

"""The channel layer of these settings, in memory or on Redis."""

import asyncio

import pytest
from channels.layers import get_channel_layer

LONGER_THAN_ONE_READ = 6.5


async def test_a_message_reaches_its_group():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    await layer.group_add("test.group", channel)

    await layer.group_send("test.group", {"type": "hello"})

    assert await asyncio.wait_for(layer.receive(channel), 5) == {"type": "hello"}


@pytest.mark.slow
async def test_a_socket_with_nothing_to_say_stays_connected():
    layer = get_channel_layer()
    channel = await layer.new_channel()
    waiting = asyncio.create_task(layer.receive(channel))

    done, _ = await asyncio.wait([waiting], timeout=LONGER_THAN_ONE_READ)
    assert not done
    await layer.send(channel, {"type": "at last"})

    assert await asyncio.wait_for(waiting, 5) == {"type": "at last"}

"""A program around aiokafka that does what ../README.md lists."""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError


def report(**line):
    print(json.dumps(line), flush=True)


def report_record(message):
    report(value=message.value.decode(), partition=message.partition, offset=message.offset)


async def send(producer, task, prefix, count):
    sent = [
        await producer.send(task["topic"], f"{prefix}-{index}".encode(), key=str(index).encode())
        for index in range(count)
    ]
    await asyncio.gather(*sent)


async def connect_producer(task, **options):
    codec = task.get("codec", "none")
    producer = AIOKafkaProducer(
        bootstrap_servers=task["brokers"],
        client_id="conformance",
        enable_idempotence=True,
        linger_ms=20,
        compression_type=None if codec == "none" else codec,
        **options,
    )
    await producer.start()
    return producer


async def produce(task):
    producer = await connect_producer(task)
    await send(producer, task, task["prefix"], task["count"])
    await producer.stop()
    report(produced=task["count"])


def make_consumer(task, **options):
    return AIOKafkaConsumer(
        bootstrap_servers=task["brokers"],
        client_id="conformance",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **options,
    )


async def consume(task):
    level = "read_committed" if task["readCommitted"] else "read_uncommitted"
    consumer = make_consumer(task, isolation_level=level)
    await consumer.start()
    partition = TopicPartition(task["topic"], 0)
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    async for message in consumer:
        report_record(message)
        if message.value.decode() == task["until"]:
            break
    await consumer.stop()


class Ownership(ConsumerRebalanceListener):
    async def on_partitions_revoked(self, revoked):
        pass

    async def on_partitions_assigned(self, assigned):
        report(assigned=sorted(one.partition for one in assigned))


async def stop_asked():
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def member(task):
    consumer = make_consumer(
        task, group_id=task["group"], heartbeat_interval_ms=500, session_timeout_ms=30000
    )
    consumer.subscribe([task["topic"]], listener=Ownership())
    await consumer.start()
    stopping = asyncio.create_task(stop_asked())
    while not stopping.done():
        for partition, messages in (await consumer.getmany(timeout_ms=200)).items():
            try:
                await consumer.commit({partition: messages[-1].offset + 1})
            except KafkaError as error:
                # The group moved on; whoever owns the partition then reads the records again.
                print(f"not committed: {error}", file=sys.stderr)
                continue
            for message in messages:
                report_record(message)
    await consumer.stop()


async def transact(task):
    producer = await connect_producer(task, transactional_id=task["id"])
    await producer.begin_transaction()
    await send(producer, task, task["prefix"], task["count"])
    if task["commit"]:
        await producer.commit_transaction()
    else:
        await producer.abort_transaction()
    await producer.stop()


async def zombie(task):
    first = await connect_producer(task, transactional_id=task["id"])
    await first.begin_transaction()
    await send(first, task, "zombie", 1)
    second = await connect_producer(task, transactional_id=task["id"])
    await second.begin_transaction()
    await send(second, task, "successor", 1)
    await second.commit_transaction()
    try:
        await first.commit_transaction()
        report(fenced=None)
    except KafkaError as error:
        report(fenced=str(error))
    await second.stop()


COMMANDS = {one.__name__: one for one in (produce, consume, member, transact, zombie)}
asyncio.run(COMMANDS[sys.argv[1]](json.loads(sys.argv[2])))

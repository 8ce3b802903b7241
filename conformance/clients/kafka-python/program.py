"""A program around kafka-python that does what ../README.md lists."""

import json
import select
import sys

from kafka import ConsumerRebalanceListener, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata


def report(**line):
    print(json.dumps(line), flush=True)


def report_record(message):
    report(value=message.value.decode(), partition=message.partition, offset=message.offset)


def send(producer, task, prefix, count):
    sent = [
        producer.send(task["topic"], f"{prefix}-{index}".encode(), key=str(index).encode())
        for index in range(count)
    ]
    for one in sent:
        one.get(timeout=60)


def connect_producer(task, **options):
    codec = task.get("codec", "none")
    return KafkaProducer(
        bootstrap_servers=task["brokers"],
        client_id="conformance",
        linger_ms=20,
        compression_type=None if codec == "none" else codec,
        **options,
    )


def produce(task):
    producer = connect_producer(task)
    send(producer, task, task["prefix"], task["count"])
    producer.close()
    report(produced=task["count"])


def connect_consumer(task, **options):
    return KafkaConsumer(
        bootstrap_servers=task["brokers"],
        client_id="conformance",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **options,
    )


def consume(task):
    level = "read_committed" if task["readCommitted"] else "read_uncommitted"
    consumer = connect_consumer(task, isolation_level=level)
    partition = TopicPartition(task["topic"], 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    for message in consumer:
        report_record(message)
        if message.value.decode() == task["until"]:
            break
    consumer.close()


class Ownership(ConsumerRebalanceListener):
    def on_partitions_revoked(self, revoked):
        pass

    def on_partitions_assigned(self, assigned):
        report(assigned=sorted(one.partition for one in assigned))


def member(task):
    consumer = connect_consumer(
        task, group_id=task["group"], heartbeat_interval_ms=500, session_timeout_ms=30000
    )
    consumer.subscribe([task["topic"]], listener=Ownership())
    while not select.select([sys.stdin], [], [], 0)[0]:
        for partition, messages in consumer.poll(timeout_ms=200).items():
            try:
                consumer.commit({partition: OffsetAndMetadata(messages[-1].offset + 1, "", -1)})
            except KafkaError as error:
                # The group moved on; whoever owns the partition then reads the records again.
                print(f"not committed: {error}", file=sys.stderr)
                continue
            for message in messages:
                report_record(message)
    consumer.close()


def connect_transactional(task):
    producer = connect_producer(task, transactional_id=task["id"])
    producer.init_transactions()
    return producer


def transact(task):
    producer = connect_transactional(task)
    producer.begin_transaction()
    send(producer, task, task["prefix"], task["count"])
    if task["commit"]:
        producer.commit_transaction()
    else:
        producer.abort_transaction()
    producer.close()


def zombie(task):
    first = connect_transactional(task)
    first.begin_transaction()
    send(first, task, "zombie", 1)
    second = connect_transactional(task)
    second.begin_transaction()
    send(second, task, "successor", 1)
    second.commit_transaction()
    try:
        first.commit_transaction()
        report(fenced=None)
    except KafkaError as error:
        report(fenced=str(error))
    second.close()


COMMANDS = {one.__name__: one for one in (produce, consume, member, transact, zombie)}
COMMANDS[sys.argv[1]](json.loads(sys.argv[2]))

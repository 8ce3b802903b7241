"""A program around confluent-kafka that does what ../README.md lists."""

import json
import os
import select
import sys

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition


def report(**line):
    print(json.dumps(line), flush=True)


def values(prefix, count):
    return [(str(index), f"{prefix}-{index}") for index in range(count)]


def send(producer, task, prefix, count):
    failures = []
    for key, value in values(prefix, count):
        producer.produce(task["topic"], value, key, on_delivery=lambda error, _: error and failures.append(error))
    left = producer.flush(60)
    if failures or left > 0:
        raise SystemExit(f"{len(failures)} failed, {left} unsent: {failures[:1]}")


def connect_producer(task, **options):
    settings = {
        "bootstrap.servers": task["brokers"],
        "client.id": "conformance",
        "enable.idempotence": True,
        "linger.ms": 20,
        "compression.codec": task.get("codec", "none"),
    }
    return Producer({**settings, **options})


def produce(task):
    send(connect_producer(task), task, task["prefix"], task["count"])
    report(produced=task["count"])


def connect_consumer(task, group, **options):
    settings = {
        "bootstrap.servers": task["brokers"],
        "client.id": "conformance",
        "group.id": group,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
    }
    return Consumer({**settings, **options})


def report_record(message):
    report(value=message.value().decode(), partition=message.partition(), offset=message.offset())


def consume(task):
    level = "read_committed" if task["readCommitted"] else "read_uncommitted"
    consumer = connect_consumer(task, f"reader-{os.getpid()}", **{"isolation.level": level})
    consumer.assign([TopicPartition(task["topic"], 0, 0)])
    while True:
        message = consumer.poll(1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        report_record(message)
        if message.value().decode() == task["until"]:
            break
    consumer.close()


def member(task):
    if task["protocol"] == "consumer":
        options = {"group.protocol": "consumer"}
    else:
        options = {"heartbeat.interval.ms": 500, "session.timeout.ms": 30000}
    consumer = connect_consumer(task, task["group"], **options)
    owned = set()

    def assigned(_, partitions):
        owned.update(one.partition for one in partitions)
        report(assigned=sorted(owned))

    def revoked(_, partitions):
        owned.difference_update(one.partition for one in partitions)
        report(assigned=sorted(owned))

    consumer.subscribe([task["topic"]], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
    while not select.select([sys.stdin], [], [], 0)[0]:
        message = consumer.poll(0.1)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        try:
            consumer.commit(message, asynchronous=False)
        except KafkaException as error:
            # The group moved on; whoever owns the partition then reads the record again.
            if error.args[0].code() in (KafkaError.ILLEGAL_GENERATION, KafkaError.REBALANCE_IN_PROGRESS):
                continue
            raise
        report_record(message)
    consumer.close()


def connect_transactional(task):
    producer = connect_producer(task, **{"transactional.id": task["id"]})
    producer.init_transactions(60)
    return producer


def transact(task):
    producer = connect_transactional(task)
    producer.begin_transaction()
    send(producer, task, task["prefix"], task["count"])
    if task["commit"]:
        producer.commit_transaction(60)
    else:
        producer.abort_transaction(60)


def zombie(task):
    first = connect_transactional(task)
    first.begin_transaction()
    send(first, task, "zombie", 1)
    second = connect_transactional(task)
    second.begin_transaction()
    send(second, task, "successor", 1)
    second.commit_transaction(60)
    try:
        first.commit_transaction(60)
        report(fenced=None)
    except KafkaException as error:
        report(fenced=str(error))


COMMANDS = {one.__name__: one for one in (produce, consume, member, transact, zombie)}
COMMANDS[sys.argv[1]](json.loads(sys.argv[2]))

import { javaHash } from "../configuration/java-hash.ts";
import { Writer } from "../protocol/writer.ts";
import type { Group } from "./group.ts";
import { metadataOf } from "./member.ts";
import type { CommittedOffset, OffsetKey } from "./offset-store.ts";

/** A record of `__consumer_offsets`; a value of null says that there is nothing any more. */
export interface OffsetRecord {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Versions of the formats, as in Apache Kafka's OffsetCommitKey.json, OffsetCommitValue.json and those of groups. */
const OFFSET_KEY = 1;
const GROUP_KEY = 2;
const OFFSET_VALUE = 3;
const GROUP_VALUE = 3;

export function offsetRecord(
  group: string,
  { topic, partition }: OffsetKey,
  committed: CommittedOffset | null,
): OffsetRecord {
  const key = new Writer();
  key.int16(OFFSET_KEY);
  text(key, group);
  text(key, topic);
  key.int32(partition);
  if (committed === null) return { key: whole(key), value: null };
  const value = new Writer();
  value.int16(OFFSET_VALUE);
  value.int64(committed.offset);
  value.int32(committed.leaderEpoch);
  text(value, committed.metadata);
  value.int64(committed.committedMs);
  return { key: whole(key), value: whole(value) };
}

function groupKey(groupId: string): Buffer {
  const key = new Writer();
  key.int16(GROUP_KEY);
  text(key, groupId);
  return whole(key);
}

/** That a classic group is gone. */
export function goneGroupRecord(groupId: string): OffsetRecord {
  return { key: groupKey(groupId), value: null };
}

/** A classic group as it was written down last. */
export function groupRecord(group: Group, nowMs: number): OffsetRecord {
  const value = new Writer();
  value.int16(GROUP_VALUE);
  text(value, group.protocolType ?? "");
  value.int32(group.generationId);
  text(value, group.protocol);
  text(value, group.leaderId);
  value.int64(nowMs);
  value.int32(group.members.size);
  for (const member of group.members.values()) {
    text(value, member.id);
    text(value, member.instanceId);
    text(value, member.clientId);
    text(value, member.clientHost);
    value.int32(member.rebalanceTimeoutMs);
    value.int32(member.sessionTimeoutMs);
    bytes(value, metadataOf(member, group.protocol));
    bytes(value, member.assignment);
  }
  return { key: groupKey(group.id), value: whole(value) };
}

function text(writer: Writer, value: string | null): void {
  if (value === null) {
    writer.int16(-1);
    return;
  }
  const size = Buffer.byteLength(value);
  writer.int16(size);
  writer.string(value, size);
}

function bytes(writer: Writer, value: Buffer): void {
  writer.int32(value.length);
  writer.bytes(value);
}

function whole(writer: Writer): Buffer {
  return Buffer.concat(writer.finish());
}

/** The partition of a group's records: Java's hash of its name, without the sign. */
export function groupPartition(group: string, partitions: number): number {
  const hash = javaHash(group);
  const positive = hash === -0x8000_0000 ? 0 : Math.abs(hash);
  return positive % partitions;
}

export { ContractError, parsePartitionName, partitionName, type TopicPartition } from "@candlewick/contracts";
export {
  CandlewickError,
  type Clock,
  createLogger,
  type ErrorKind,
  type Fault,
  type LogFields,
  type Logger,
  type Retry,
  silentLogger,
} from "@candlewick/runtime";
export * from "./admin/admin.ts";
export type { GroupDetail, GroupMemberDetail, GroupSummary, GroupType } from "./admin/group-admin.ts";
export { type PlannedReset, planReset, type ResetFacts, type ResetTarget } from "./admin/offset-reset.ts";
export type {
  ConfigOrigin,
  PartitionDetail,
  TopicChanges,
  TopicDetail,
  TopicSetting,
} from "./admin/topic-admin.ts";
export type { KafkaConnection } from "./cluster/connection.ts";
export { BrokerError, KAFKA_ERRORS } from "./cluster/errors.ts";
export { type AvroOptions, avroCodec } from "./codec/avro-codec.ts";
export { bytesCodec, type Codec, type CodecContext, jsonCodec, textCodec } from "./codec/codec.ts";
export { type ProtobufOptions, protobufCodec } from "./codec/protobuf-codec.ts";
export { registryCodec, type Subjects } from "./codec/registry-codec.ts";
export * from "./codec/schema-registry.ts";
export * from "./consumer/consumer.ts";
export * from "./consumer/consumer-options.ts";
export * from "./consumer/consumer-totals.ts";
export * from "./consumer/group-consumer.ts";
export * from "./consumer/group-consumer-options.ts";
export * from "./consumer/reader.ts";
export { DELIVERY_ERRORS } from "./delivery/delivery-errors.ts";
export { BatchFailure, type FailureKind, failureKind } from "./delivery/failure-kind.ts";
export type { MessageInput, MessagePart } from "./producer/message-input.ts";
export { murmur2, partitionOfKey } from "./producer/partitioner.ts";
export * from "./producer/producer.ts";
export type { DeliveryReport, ProducerOptions } from "./producer/producer-options.ts";
export type { Isolation } from "./record/isolation.ts";
export * from "./record/message.ts";
export type { Compression } from "./record/record-batch.ts";
export * from "./retry/dead-letter.ts";
export { openRedrive } from "./retry/open-redrive.ts";
export * from "./retry/redrive.ts";
export {
  DEAD_LETTER_HEADERS,
  REDRIVE_HEADERS,
  RETRY_HEADERS,
  type RecordOrigin,
  type RetryInfo,
  readRetryInfo,
} from "./retry/retry-headers.ts";
export { isFollowUpTopic, retryTopic, retryTopicSpecs } from "./retry/retry-topic.ts";
export * from "./security/client-credentials.ts";
export * from "./security/google-token.ts";
export * from "./security/sasl-credentials.ts";
export * from "./security/security-of.ts";
export type { TlsSettings } from "./security/tls.ts";
export * from "./security/token-source.ts";

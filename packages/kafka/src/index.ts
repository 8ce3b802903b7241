export * from "./admin.ts";
export * from "./connection.ts";
export * from "./dead-letter.ts";
export * from "./group-consumer.ts";
export * from "./message.ts";
export * from "./producer.ts";
export * from "./reader.ts";
export * from "./topic-partition.ts";

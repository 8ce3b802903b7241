export type Codec = "none" | "gzip" | "snappy" | "lz4" | "zstd";
export type GroupProtocol = "classic" | "consumer";

/** Somebody else's Kafka client, wrapped in a program that speaks as README.md tells. */
export interface Client {
  readonly name: string;
  /** As the client itself or its manifest tells it. */
  readonly version: string;
  /** What it compresses with; "none" is one of them. */
  readonly codecs: readonly Codec[];
  readonly groupProtocols: readonly GroupProtocol[];
  readonly hasTransactions: boolean;
  /** Whether its program counts with Kafka Streams, and does nothing else. */
  readonly isStreams?: boolean;
  /** Cheap enough, and with all it needs on an ordinary machine, to run in every test run. */
  readonly isQuick: boolean;
  /** Whether what builds and runs it is installed. */
  isThere(): boolean;
  /** Builds or installs it where that is still to be done; the command that runs it, or why it cannot run here. */
  prepare(): Promise<{ readonly command: readonly string[] } | { readonly reason: string }>;
}

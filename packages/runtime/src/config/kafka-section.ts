import { z } from "zod";

const broker = z
  .string()
  .regex(/^(\[[\da-f:]+\]|[^\s:,/]+):\d{1,5}$/i, 'expected HOST:PORT, such as "127.0.0.1:9092"');

const text = (description: string) => z.string().min(1).nullable().default(null).describe(description);

const sasl = z
  .strictObject({
    mechanism: z
      .enum(["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"])
      .describe("How we authenticate"),
    username: text("The user's name; for Confluent Cloud the API key"),
    password: text("The user's password; better given by the environment or a file"),
    passwordFile: text("A file that holds the password"),
    tokenSource: z
      .enum(["token", "client-credentials", "google"])
      .default("token")
      .describe(
        "OAUTHBEARER: a token as it is given here, one of an identity provider for a client's id and secret, or one of Google's application-default credentials",
      ),
    token: text("The bearer token"),
    tokenFile: text("A file that holds the token; it is read again for each connection"),
    tokenUrl: z
      .url({ protocol: /^https?$/, error: "expected a URL that starts with https://" })
      .nullable()
      .default(null)
      .describe("Where the identity provider gives tokens out"),
    clientId: text("The client's id at the identity provider"),
    clientSecret: text("The client's secret; better given by the environment or a file"),
    clientSecretFile: text("A file that holds the client's secret"),
    scope: text("The scope that is asked for"),
    extensions: z
      .record(z.string().regex(/^[A-Za-z]+$/, "expected letters only"), z.string())
      .default({})
      .describe("SASL extensions, such as Confluent Cloud's logicalCluster and identityPoolId"),
  })
  .nullable()
  .default(null)
  .describe("Authentication; null is none, or what the profile says");

/** Key `kafka.security`. */
export const kafkaSecuritySchema = z
  .strictObject({
    profile: z
      .enum(["none", "google-cloud", "confluent-cloud"])
      .default("none")
      .describe(
        "Presets: `google-cloud` is TLS and Google's application-default credentials, `confluent-cloud` TLS and PLAIN with an API key",
      ),
    tls: z
      .boolean()
      .nullable()
      .default(null)
      .describe(
        "Whether connections are encrypted; null: where the profile says so or a file is named below",
      ),
    caFile: text("Certificates (PEM) of the authorities that are trusted in place of the system's"),
    certFile: text("Our own certificate (PEM), where the brokers want one"),
    keyFile: text("The key (PEM) of our own certificate"),
    keyPassword: text("The password of the key"),
    keyPasswordFile: text("A file that holds the key's password"),
    sasl,
  })
  .prefault({});
export type KafkaSecurityConfig = z.output<typeof kafkaSecuritySchema>;

const schemaRegistry = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: "expected a URL that starts with https://" })
      .describe("Its address"),
    username: text("The user's name, or the API key"),
    password: text("The user's password; better given by the environment or a file"),
    passwordFile: text("A file that holds the password"),
  })
  .nullable()
  .default(null)
  .describe("The schema registry (Confluent's HTTP interface) of topics in Avro or Protobuf; null is none");

/** Section `kafka`. */
export const kafkaSchema = z
  .strictObject({
    brokers: z.array(broker).min(1).default(["127.0.0.1:9092"]).describe("Brokers to start from, HOST:PORT"),
    clientId: z.string().min(1).default("candlewick").describe("How we name ourselves to the broker"),
    security: kafkaSecuritySchema,
    schemaRegistry,
    codecs: z
      .record(z.string(), z.enum(["json", "text", "bytes", "registry"]))
      .default({})
      .describe(
        "How commands show values of other people's topics, by topic: `registry` is Avro, Protobuf or JSON by the registry's schema; Candlewick's own topics are JSON",
      ),
    partitions: z
      .int()
      .min(1)
      .max(10_000)
      .default(8)
      .describe("Partitions of the topics that we create; existing topics keep theirs"),
  })
  .describe("The Kafka cluster that carries the records.");
export type SchemaRegistryConfig = NonNullable<z.output<typeof schemaRegistry>>;
export type KafkaConfig = z.output<typeof kafkaSchema>;

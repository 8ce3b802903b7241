import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { apacheKafkaAvailable, ensureKafkaJars } from "../../../conformance/apache-kafka.ts";
import { javaCommand } from "../../../conformance/kafka-jars.ts";
import { murmur2, partitionOfKey } from "../src/index.ts";

const KEYS = 120_000;
const PARTITION_COUNTS = [1, 6, 8, 12, 15, 1_000];

const SOURCE = `
import java.io.*;
import org.apache.kafka.common.utils.Utils;

public class Hashes {
  public static void main(String[] args) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
    DataOutputStream out = new DataOutputStream(new BufferedOutputStream(System.out));
    for (int left = in.readInt(); left > 0; left--) {
      byte[] key = in.readNBytes(in.readInt());
      out.writeInt(Utils.murmur2(key));
    }
    out.flush();
  }
}
`;

const javac = javaCommand === "java" ? "javac" : join(dirname(javaCommand), "javac");

function problem(): string | null {
  const unavailable = apacheKafkaAvailable();
  if (unavailable !== null) return unavailable;
  return spawnSync(javac, ["-version"]).error === undefined ? null : "there is no javac";
}

const reason = problem();
const title = reason === null ? "the keys' hashes" : `the keys' hashes (not run: ${reason})`;

describe.skipIf(reason !== null)(title, () => {
  const folder = mkdtempSync(join(tmpdir(), "candlewick-murmur2-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  it(`of ${KEYS} random keys, and so their partitions, are those of the Java client`, () => {
    const seed = String(Date.now());
    const keys = Array.from({ length: KEYS }, (_, index) => keyOf(seed, index));
    const hashes = javaHashes(folder, keys);
    const wrong = keys.findIndex((key, index) => murmur2(key) !== hashes[index]);
    expect({ seed, wrong }).toEqual({ seed, wrong: -1 });
    for (const count of PARTITION_COUNTS) {
      const moved = keys.findIndex(
        (key, index) => partitionOfKey(key, count) !== ((hashes[index] ?? 0) & 0x7fffffff) % count,
      );
      expect({ seed, count, moved }).toEqual({ seed, count, moved: -1 });
    }
  });
});

/** Bytes of all values and of lengths 0 to 99, from a seed. */
function keyOf(seed: string, index: number): Buffer {
  const digest = createHash("shake256", { outputLength: 100 }).update(`${seed}:${index}`).digest();
  return digest.subarray(0, index % 100);
}

function javaHashes(folder: string, keys: readonly Buffer[]): number[] {
  const jars = join(ensureKafkaJars(), "*");
  writeFileSync(join(folder, "Hashes.java"), SOURCE);
  execFileSync(javac, ["-cp", jars, "-d", folder, join(folder, "Hashes.java")], { stdio: "pipe" });
  const int32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const input = Buffer.concat([int32(keys.length), ...keys.flatMap((key) => [int32(key.length), key])]);
  const output = execFileSync(javaCommand, ["-cp", `${folder}:${jars}`, "Hashes"], {
    input,
    maxBuffer: 4 * keys.length + 1024,
  });
  return keys.map((_, index) => output.readInt32BE(4 * index));
}

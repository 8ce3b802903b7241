import { PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decodeMetadataAccount,
  decodeMintAccount,
  METADATA_PROGRAM,
  metadataAddress,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../src/index.ts";
import { isCurvePoint } from "../src/solana/curve-point.ts";
import { address, Bytes } from "./transaction-builder.ts";

const mint = (supply = 10n ** 15n) =>
  new Bytes().u32(1).key("authority").u64(supply).u8(6).u8(1).u32(0).padTo(82);
const account = (owner: string, data: Uint8Array) => ({ address: address("coin"), owner, data });
const u16 = (value: number): [number, number] => [value & 0xff, value >> 8];

/** A mint of Token-2022 with extensions: each a number and its bytes. */
function extended(...extensions: [number, Uint8Array][]): Uint8Array {
  const head = mint().padTo(165).u8(1);
  const tail = extensions.flatMap(([kind, bytes]) => [...u16(kind), ...u16(bytes.length), ...bytes]);
  return Buffer.concat([head.bytes(), Buffer.from(tail)]);
}

const metadata = new Bytes()
  .key("authority", "coin")
  .text("A coin")
  .text("COIN")
  .text("https://x")
  .u32(0)
  .bytes();
const facts = { mint: address("coin"), decimals: 6, supply: 10n ** 15n };

describe("a mint's account", () => {
  it("tells supply and decimals, and nothing of its name", () => {
    const expected = { ...facts, name: null, symbol: null };
    expect(decodeMintAccount(account(TOKEN_PROGRAM, mint().bytes()))).toEqual(expected);
    expect(decodeMintAccount(account(TOKEN_2022_PROGRAM, mint().bytes()))).toEqual(expected);
    expect(decodeMintAccount(account(TOKEN_PROGRAM, mint(2n ** 64n - 1n).bytes()))?.supply).toBe(
      2n ** 64n - 1n,
    );
  });

  it("tells its name under Token-2022, among other extensions", () => {
    const transferFee: [number, Uint8Array] = [1, new Uint8Array(108)];
    const named = { ...facts, name: "A coin", symbol: "COIN" };
    expect(decodeMintAccount(account(TOKEN_2022_PROGRAM, extended(transferFee, [19, metadata])))).toEqual(
      named,
    );
    expect(decodeMintAccount(account(TOKEN_2022_PROGRAM, extended(transferFee)))).toEqual({
      ...facts,
      name: null,
      symbol: null,
    });
    // Cut within the texts.
    const cut = extended([19, metadata.subarray(0, 70)]);
    expect(decodeMintAccount(account(TOKEN_2022_PROGRAM, cut))).toMatchObject({ name: null, symbol: null });
  });

  it.each<[string, string, Uint8Array]>([
    ["another program's", "other", mint().bytes()],
    ["a token account", TOKEN_PROGRAM, new Uint8Array(165).fill(1)],
    ["a token account of Token-2022", TOKEN_2022_PROGRAM, mint().padTo(165).u8(2).u32(0).bytes()],
    ["one that is not initialised", TOKEN_PROGRAM, new Uint8Array(82)],
    ["too short", TOKEN_PROGRAM, mint().bytes().subarray(0, 81)],
    ["empty", TOKEN_PROGRAM, new Uint8Array()],
  ])("is null: %s", (_, owner, data) => {
    expect(decodeMintAccount(account(owner, data))).toBeNull();
  });

  it("never throws", () => {
    const bytes = fc.uint8Array({ minLength: 60, maxLength: 300 });
    const owner = fc.constantFrom(TOKEN_PROGRAM, TOKEN_2022_PROGRAM, METADATA_PROGRAM);
    const head = extended([19, metadata]);
    fc.assert(
      fc.property(owner, bytes, fc.nat(head.length), (program, random, keep) => {
        const data = Buffer.concat([head.subarray(0, keep), random]);
        decodeMintAccount(account(program, data));
        decodeMetadataAccount(account(program, data), address("coin"));
      }),
      { numRuns: 3000 },
    );
  });
});

describe("Metaplex's account", () => {
  const padded = (text: string, size: number) => text.padEnd(size, "\0");
  const data = new Bytes()
    .u8(4)
    .key("authority", "coin")
    .text(padded("Bonk", 32))
    .text(padded("Bonk", 10))
    .text(padded("https://x", 200))
    .bytes();

  it("tells name and symbol without the zeros that fill them up", () => {
    expect(decodeMetadataAccount(account(METADATA_PROGRAM, data), address("coin"))).toEqual({
      name: "Bonk",
      symbol: "Bonk",
    });
  });

  it("is null for another mint, owner or kind", () => {
    expect(decodeMetadataAccount(account(METADATA_PROGRAM, data), address("other"))).toBeNull();
    expect(decodeMetadataAccount(account(TOKEN_PROGRAM, data), address("coin"))).toBeNull();
    const other = Uint8Array.from(data).fill(6, 0, 1);
    expect(decodeMetadataAccount(account(METADATA_PROGRAM, other), address("coin"))).toBeNull();
  });

  it("stands where the chain's own library says", () => {
    const program = new PublicKey(METADATA_PROGRAM);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = new PublicKey(bytes);
        const seeds = [Buffer.from("metadata"), program.toBytes(), key.toBytes()];
        const [expected] = PublicKey.findProgramAddressSync(seeds, program);
        expect(metadataAddress(key.toBase58())).toBe(expected.toBase58());
        expect(isCurvePoint(bytes)).toBe(PublicKey.isOnCurve(bytes));
      }),
      { numRuns: 60 },
    );
    expect(metadataAddress("no address")).toBeNull();
  });
});

import { type PoolEvent, slot, WSOL_MINT } from "@candlewick/domain";
import { describe, expect, it } from "vitest";
import { decodeSolanaTransaction, SOLANA_PROGRAMS } from "../src/index.ts";
import { hasRecordedData, recordedTransactions } from "./recorded-data.ts";
import { decodeCalls } from "./swap-of.ts";
import {
  accountsAt,
  address,
  type Balance,
  Bytes,
  type Call,
  selfCpi,
  transfer,
  transferChecked,
} from "./transaction-builder.ts";

/** Where an instruction's accounts stand, as the venues' documents list them. */
interface Case {
  readonly id: string;
  readonly pool: number;
  readonly mints?: [number, number];
  readonly vaults?: [number, number];
  readonly creator?: number;
}

const CREATIONS: Readonly<Record<string, readonly Case[]>> = {
  PumpSwap: [{ id: "e992d18ecf6840bc", pool: 0, mints: [3, 4], vaults: [9, 10], creator: 2 }],
  RaydiumV4: [{ id: "01", pool: 4, mints: [8, 9], vaults: [10, 11], creator: 17 }],
  RaydiumClmm: [
    { id: "e992d18ecf6840bc", pool: 2, mints: [3, 4], vaults: [5, 6], creator: 0 },
    { id: "2b44d4a7592fa401", pool: 2, mints: [3, 4], vaults: [5, 6], creator: 0 },
  ],
  RaydiumCpmm: [{ id: "afaf6d1f0d989bed", pool: 3, mints: [4, 5], vaults: [10, 11], creator: 0 }],
  OrcaWhirlpool: [
    { id: "5fb40aac54aee828", pool: 4, mints: [1, 2], vaults: [5, 6], creator: 3 },
    { id: "cf2d57f21b3fcc43", pool: 6, mints: [1, 2], vaults: [7, 8], creator: 5 },
    { id: "8f5e604cac7c77c7", pool: 7, mints: [1, 2], vaults: [9, 10], creator: 5 },
  ],
  MeteoraDlmm: [
    { id: "2d9aedd2dd0fa65c", pool: 0, mints: [2, 3], vaults: [4, 5] },
    { id: "6c66d555fb033515", pool: 1, mints: [3, 4], vaults: [5, 6] },
    { id: "2e2729876fb7c840", pool: 0, mints: [2, 3], vaults: [4, 5] },
  ],
  MeteoraDammV1: [
    { id: "76ad299dad486167", pool: 0, mints: [2, 3] },
    { id: "07a68aabceabecf4", pool: 0, mints: [3, 4] },
  ],
  MeteoraDammV2: [
    { id: "5fb40aac54aee828", pool: 6, mints: [8, 9], vaults: [10, 11], creator: 0 },
    { id: "14a1f118bdddb402", pool: 5, mints: [7, 8], vaults: [9, 10], creator: 0 },
    { id: "955248c5fdfc440f", pool: 7, mints: [9, 10], vaults: [11, 12], creator: 0 },
  ],
  RaydiumLaunchLab: [{ id: "4399af27da102620", pool: 5, mints: [6, 7], creator: 1 }],
  MeteoraDbc: [{ id: "8c55d7b06636684f", pool: 5, mints: [3, 4], vaults: [6, 7], creator: 2 }],
};

const LIQUIDITY: typeof CREATIONS = {
  PumpSwap: [
    { id: "f223c68952e1f2b6", pool: 0, vaults: [9, 10] },
    { id: "-b712469c946da122", pool: 0, vaults: [9, 10] },
  ],
  RaydiumV4: [
    { id: "03", pool: 1, vaults: [6, 7] },
    { id: "-04", pool: 1, vaults: [6, 7] },
  ],
  RaydiumClmm: [
    { id: "2e9cf3760dcdfbb2", pool: 2, vaults: [9, 10] },
    { id: "-3a7fbc3e4f52c460", pool: 3, vaults: [5, 6] },
    { id: "87802f4d0f98f031", pool: 5, vaults: [12, 13] },
    { id: "4dffae527d1dc92e", pool: 4, vaults: [11, 12] },
  ],
  RaydiumCpmm: [
    { id: "f223c68952e1f2b6", pool: 2, vaults: [6, 7] },
    { id: "-b712469c946da122", pool: 2, vaults: [6, 7] },
  ],
  OrcaWhirlpool: [
    { id: "2e9cf3760dcdfbb2", pool: 0, vaults: [7, 8] },
    { id: "-3a7fbc3e4f52c460", pool: 0, vaults: [11, 12] },
  ],
  MeteoraDammV1: [
    { id: "a8e3323ebdab54b0", pool: 0, vaults: [9, 10] },
    { id: "-856d2cb338ee7221", pool: 0, vaults: [9, 10] },
  ],
  MeteoraDammV2: [
    { id: "b59d59438fb63448", pool: 0, vaults: [4, 5] },
    { id: "-5055d14818ceb16c", pool: 1, vaults: [5, 6] },
  ],
};

const rows = (table: typeof CREATIONS) =>
  Object.entries(table).flatMap(([venue, cases]) => cases.map((of) => [venue, of.id, of] as const));
const programOf = (venue: string) => SOLANA_PROGRAMS[venue] ?? "";

function named(of: Case): Record<number, string> {
  const names: Record<number, string> = { [of.pool]: "pool" };
  if (of.creator !== undefined) names[of.creator] = "creator";
  for (const [k, at] of (of.mints ?? []).entries()) names[at] = ["coin", WSOL_MINT][k] ?? "";
  for (const [k, at] of (of.vaults ?? []).entries()) names[at] = ["coins", "sols"][k] ?? "";
  return names;
}

const balances = (coins: [bigint, bigint], sols: [bigint, bigint]): Balance[] => [
  { account: "coins", mint: "coin", before: coins[0], after: coins[1] },
  { account: "sols", mint: WSOL_MINT, before: sols[0], after: sols[1], decimals: 9 },
];

describe("the creation of a pool", () => {
  it.each(rows(CREATIONS))("%s %s", (venue, id, of) => {
    const data = new Bytes().hex(id).u64(1, 2).bytes();
    const call: Call = {
      program: programOf(venue),
      accounts: accountsAt(21, named(of)),
      data,
      calls: [transfer("user coins", "coins", 500n), transfer("user sols", "sols", 70n)],
    };
    const { poolEvents, swaps, skipped } = decodeCalls([call], { balances: balances([0n, 500n], [0n, 70n]) });
    expect([swaps, skipped.size]).toEqual([[], 0]);
    const [coins, sols] = of.vaults === undefined ? [null, null] : [500n, 70n];
    expect(poolEvents).toMatchObject([
      {
        kind: "created",
        venue,
        pool: address("pool"),
        sides: [
          { mint: address("coin"), decimals: 6, reserve: coins },
          { mint: WSOL_MINT, decimals: 9, reserve: sols },
        ],
        creator: of.creator === undefined ? null : address("creator"),
      },
    ]);
  });

  const claim = (head: Bytes) => head.text("A coin").text("COIN").text("https://example.org/picture");
  it.each<[string, number[], Uint8Array, bigint | null]>([
    [
      "RaydiumLaunchLab",
      [5, 6, 7],
      claim(new Bytes().hex("afaf6d1f0d989bed").u8(6))
        .u8(0)
        .u64(10n ** 15n, 1)
        .bytes(),
      10n ** 15n,
    ],
    ["MeteoraDbc", [5, 3, 4], claim(new Bytes().hex("8c55d7b06636684f")).bytes(), null],
    [
      "Moonshot",
      [2, 3, 9],
      claim(new Bytes().hex("032ca4b87b0df5b3"))
        .u8(9)
        .u8(0)
        .u64(10n ** 18n)
        .bytes(),
      10n ** 18n,
    ],
  ])("tells what a token is called: %s", (venue, [pool = 0, coin = 0, quote = 0], data, supply) => {
    const accounts = accountsAt(18, { [pool]: "pool", [coin]: "coin", [quote]: WSOL_MINT });
    const { poolEvents } = decodeCalls([{ program: programOf(venue), accounts, data }]);
    expect(poolEvents).toMatchObject([
      { kind: "created", pool: address("pool"), name: "A coin", symbol: "COIN", supply },
    ]);
    // Cut anywhere, it is still a creation, of a token whose name is not known.
    const cut = decodeCalls([{ program: programOf(venue), accounts, data: data.subarray(0, 24) }]);
    expect(cut.poolEvents).toMatchObject([{ kind: "created", name: null, symbol: null, supply: null }]);
  });

  it("is told by PumpFun's event, of any generation", () => {
    const event = claim(new Bytes().hex("1b72a94ddeeb6376")).key("coin", "curve", "user");
    const program = programOf("PumpFun");
    const events = (bytes: Uint8Array) =>
      decodeCalls([
        {
          program,
          accounts: accountsAt(12, {}),
          data: new Bytes().hex("181ec828051c0777").bytes(),
          calls: [selfCpi(program, bytes)],
        },
      ]).poolEvents;
    const names = { kind: "created", pool: address("curve"), name: "A coin", symbol: "COIN" };
    expect(events(event.bytes())).toMatchObject([{ ...names, creator: address("user"), supply: null }]);
    event.key("creator").u64(1, 1073n, 30n, 793n, 1000n);
    const inSol = { ...names, creator: address("creator"), supply: 1000n };
    const sides = [{ mint: address("coin"), reserve: 1073n }];
    expect(events(event.bytes())).toMatchObject([
      { ...inSol, sides: [...sides, { mint: WSOL_MINT, reserve: 30n }] },
    ]);
    event.key("token program").u8(0).u8(0).key("dollar").u64(4242n);
    expect(events(event.bytes())).toMatchObject([
      { ...inSol, sides: [...sides, { mint: address("dollar"), reserve: 4242n }] },
    ]);
    expect(events(event.bytes().subarray(0, 60))).toEqual([]);
  });
});

describe("a change of liquidity", () => {
  it.each(rows(LIQUIDITY))("%s %s", (venue, id, of) => {
    const removed = id.startsWith("-");
    const move = (user: string, vault: string, mint: string, amount: bigint) =>
      removed ? transferChecked(vault, mint, user, amount) : transfer(user, vault, amount);
    const call: Call = {
      program: programOf(venue),
      accounts: accountsAt(21, named(of)),
      data: new Bytes().hex(id.replace("-", "")).u64(1, 2).bytes(),
      calls: [move("user coins", "coins", "coin", 500n), move("user sols", "sols", WSOL_MINT, 70n)],
    };
    const after: [bigint, bigint] = removed ? [100n, 30n] : [600n, 100n];
    const before: [bigint, bigint] = removed ? [600n, 100n] : [100n, 30n];
    const { poolEvents, skipped } = decodeCalls([call], {
      balances: balances([before[0], after[0]], [before[1], after[1]]),
    });
    expect(skipped.size).toBe(0);
    const reserve = (index: 0 | 1) => (venue === "MeteoraDammV1" ? null : after[index]);
    expect(poolEvents).toMatchObject([
      {
        kind: "liquidity",
        change: removed ? "removed" : "added",
        pool: address("pool"),
        sides: [
          { mint: address("coin"), amount: 500n, reserve: reserve(0) },
          { mint: WSOL_MINT, amount: 70n, reserve: reserve(1) },
        ],
      },
    ]);
    const still = decodeCalls([{ ...call, calls: [] }], { balances: balances([1n, 1n], [1n, 1n]) });
    expect([still.poolEvents, still.skippedEvents]).toEqual([[], new Map([["no-liquidity-moved", 1]])]);
  });

  it("is told by DLMM's events", () => {
    const program = programOf("MeteoraDlmm");
    const event = new Bytes()
      .hex("74f461e8671f983a")
      .key("pool", "user", "position")
      .u64(500, 70)
      .padTo(124)
      .bytes();
    const call: Call = {
      program,
      accounts: accountsAt(14, { 1: "pool", 5: "coins", 6: "sols" }),
      data: new Bytes().hex("0102030405060708").bytes(),
      calls: [
        transfer("coins", "user coins", 500n),
        transfer("sols", "user sols", 70n),
        selfCpi(program, event),
      ],
    };
    const { poolEvents } = decodeCalls([call], { balances: balances([600n, 100n], [100n, 30n]) });
    expect(poolEvents).toMatchObject([
      {
        kind: "liquidity",
        change: "removed",
        sides: [
          { amount: 500n, reserve: 100n },
          { amount: 70n, reserve: 30n },
        ],
      },
    ]);
  });
});

describe("a migration", () => {
  it.each<[string, string, number, number | null]>([
    ["PumpFun", "9beae792ec9ea21e", 3, 9],
    ["PumpFun", "bbcb121fceedfe29", 4, 10],
    ["RaydiumLaunchLab", "cf52c091fecf91df", 23, 13],
    ["RaydiumLaunchLab", "885cc8671cda908c", 17, 5],
    ["MeteoraDbc", "1b013016b43f76d9", 0, 4],
    ["MeteoraDbc", "9ca9e66735e45040", 0, 4],
    ["Moonshot", "2ae50ae7bd3ec1ae", 2, null],
  ])("%s %s", (venue, id, pool, target) => {
    const names = { [pool]: "curve", ...(target === null ? {} : { [target]: "pool" }) };
    const call = {
      program: programOf(venue),
      accounts: accountsAt(26, names),
      data: new Bytes().hex(id).bytes(),
    };
    expect(decodeCalls([call]).poolEvents).toMatchObject([
      { kind: "migrated", pool: address("curve"), target: target === null ? null : address("pool") },
    ]);
  });
});

describe.skipIf(!hasRecordedData)("recorded transactions", () => {
  const events = hasRecordedData
    ? recordedTransactions().map(({ result }) => decodeSolanaTransaction(result, slot(1), 0).poolEvents)
    : [];

  it("hold one launch and one withdrawal, with what their records say", () => {
    const found = events.flatMap((of, index) =>
      of.map((event): [number, PoolEvent["kind"]] => [index, event.kind]),
    );
    expect(found).toEqual([
      [9, "liquidity"],
      [36, "created"],
    ]);
    expect(events[36]).toMatchObject([{ venue: "PumpFun", supply: 10n ** 15n, symbol: "TAS" }]);
    expect(events[9]).toMatchObject([
      { venue: "RaydiumClmm", change: "removed", sides: [{ amount: 7_912_976n }, { amount: 1_162_659n }] },
    ]);
  });
});

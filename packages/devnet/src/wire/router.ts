import { tokenIn, tokenOut } from "../chain/fill.ts";
import {
  JUPITER_EVENT_AUTHORITY,
  JUPITER_PROGRAM,
  TOKEN_PROGRAM,
  VENUE_PROGRAMS,
} from "../chain/programs.ts";
import { ByteWriter } from "../encoding/byte-writer.ts";
import { leastOut, type SwapContext } from "./swap-context.ts";
import type { InstructionPath } from "./transaction-builder.ts";

/** One instruction of a venue under a router; it holds one swap, or two. */
export interface RouteLeg {
  readonly swaps: readonly SwapContext[];
  readonly write: () => InstructionPath;
}

/**
 * A route of an aggregator: one top-level instruction that calls the venues one after the other, and
 * tells each swap in an event of its own, which is no further swap. Returns the legs' paths.
 */
export function encodeRoute(legs: readonly RouteLeg[]): InstructionPath[] {
  const contexts = legs.flatMap((leg) => leg.swaps);
  const first = contexts[0];
  const last = contexts.at(-1);
  if (first === undefined || last === undefined) throw new RangeError("a route needs a swap");
  const { tx, wallet, random } = first;
  const accounts = [
    TOKEN_PROGRAM,
    wallet,
    first.source,
    last.destination,
    JUPITER_PROGRAM,
    tokenOut(last.fill).mint,
    JUPITER_EVENT_AUTHORITY,
    JUPITER_PROGRAM,
    ...contexts.flatMap(({ fill }) => [VENUE_PROGRAMS[fill.pool.venue], fill.pool.address]),
  ];
  const data = new ByteWriter().hex("e517cb977ae3ad2a").u32(contexts.length);
  for (let hop = 0; hop < contexts.length; hop++) data.bytes(Uint8Array.of(7, 100, hop, hop + 1));
  data.u64(first.fill.userIn, leastOut(last.fill)).u16(50).u8(0);
  const paths: InstructionPath[] = [];
  tx.invoke(JUPITER_PROGRAM, accounts, data.finish(), 18_000, () => {
    tx.log.say("Instruction: Route");
    // Some say so much that the log is cut before the venues' lines.
    if (random.chance(0.01))
      for (let step = 0; step < 130; step++) tx.log.say(`quote ${step}: ${"1234567890".repeat(8)}`);
    for (const leg of legs) {
      paths.push(leg.write());
      for (const swap of leg.swaps) tx.emit(JUPITER_PROGRAM, JUPITER_EVENT_AUTHORITY, routerEvent(swap));
    }
    tx.returns(JUPITER_PROGRAM, new ByteWriter().u64(last.fill.userOut).finish());
  });
  return paths;
}

/** The router's own account of a swap. */
function routerEvent({ fill }: SwapContext): Buffer {
  return new ByteWriter()
    .hex("40c6cde8260871e2")
    .bytes(VENUE_PROGRAMS[fill.pool.venue].bytes)
    .bytes(tokenIn(fill).mint.bytes)
    .u64(fill.userIn)
    .bytes(tokenOut(fill).mint.bytes)
    .u64(fill.userOut)
    .finish();
}

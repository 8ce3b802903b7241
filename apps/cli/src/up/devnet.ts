import type { Part } from "@candlewick/runtime";
import type { UpContext } from "./up-context.ts";

export function devnetPart(_context: UpContext): Part {
  return { name: "devnet", start: () => Promise.reject(new Error("the simulated node is not here")) };
}

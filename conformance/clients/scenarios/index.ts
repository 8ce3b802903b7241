import { compression } from "./compression.ts";
import { counting } from "./counting.ts";
import { classicGroup, consumerGroup } from "./group.ts";
import type { Scenario } from "./scenario.ts";
import { fencing, transactions } from "./transactions.ts";

/** In the order of the table's columns. */
export const scenarios: readonly Scenario[] = [
  compression,
  classicGroup,
  consumerGroup,
  transactions,
  fencing,
  counting,
];

import type { Session } from "../../session.ts";
import type { Client, GroupProtocol } from "../client.ts";
import type { Program, Task } from "../program.ts";

/** What a scenario works with: one client and one broker. */
export interface Stage {
  readonly client: Client;
  /** A name for this run's topic, group or transactional id, that nobody else uses. */
  name(role: string): string;
  /** The runner's own connection. */
  readonly session: Session;
  /** Starts the client's program; whatever still runs at the end of the scenario is killed. */
  start(command: string, task: Task): Program;
}

/** Something that every client that can do it has to get right. */
export interface Scenario {
  readonly name: string;
  /** Short, for the head of the table. */
  readonly title: string;
  /** Whether the client offers what the scenario needs. */
  suits(client: Client): boolean;
  /** The new group protocol is tried only where the broker has it. */
  readonly groupProtocol?: GroupProtocol;
  /** Throws with what went wrong. */
  run(stage: Stage): Promise<void>;
}

/** The values that `produce` makes of a prefix, in their order. */
export function valuesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** Throws where the two lists differ, with the first place. */
export function expectSame(what: string, actual: readonly string[], expected: readonly string[]): void {
  const length = Math.max(actual.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (actual[index] === expected[index]) continue;
    const seen = actual[index] ?? "nothing";
    const wanted = expected[index] ?? "nothing";
    throw new Error(
      `${what}: ${actual.length} instead of ${expected.length}; number ${index} is ${seen}, not ${wanted}`,
    );
  }
}

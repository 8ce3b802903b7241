import type { Api, Decoded, Encodable } from "../../packages/broker/src/protocol/schema.ts";
import { RawClient } from "../../packages/broker/test/raw-client.ts";
import type { Side } from "../side.ts";
import type { Step } from "./step.ts";
import { World } from "./world.ts";

export const CLOSED = "the connection was closed";

/** A request under way at one broker. */
export interface Flight {
  readonly step: Step;
  /** Resolves with what is compared; never rejects. */
  readonly landed: Promise<unknown>;
  /** What it was answered with, once it is. */
  answer: unknown;
  hasLanded: boolean;
}

/** Sends the steps of a run to one of the brokers, each on a connection that waits for nothing. */
export class Player {
  readonly world: World;
  readonly #side: Side;
  readonly #idle: RawClient[] = [];
  readonly #all = new Set<RawClient>();

  constructor(side: Side, prefix: string) {
    this.#side = side;
    this.world = new World(side, prefix);
  }

  get name(): string {
    return this.#side.name;
  }

  /** Sends a step; whoever waits for the answer also waits for what is learned from it. */
  begin(step: Step): Flight {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const flight: Flight = { step, landed: promise, answer: undefined, hasLanded: false };
    const land = (answer: unknown): void => {
      flight.answer = answer;
      flight.hasLanded = true;
      resolve(answer);
    };
    this.ask(step.api, step.version, step.body(this.world)).then(
      (answer) => {
        step.learn(answer, this.world);
        land(step.seen(answer));
      },
      (error: unknown) => land(String(error).includes("closed") ? CLOSED : String(error)),
    );
    return flight;
  }

  async ask<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
  ): Promise<Decoded<A["response"]>> {
    const client = this.#idle.pop() ?? (await RawClient.connect(this.#side.port));
    this.#all.add(client);
    const answer = await client.send(api, version, body);
    this.#idle.push(client);
    return answer;
  }

  close(): void {
    for (const client of this.#all) client.close();
  }
}

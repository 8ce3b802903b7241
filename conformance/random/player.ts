import { apiVersions } from "../../packages/broker/src/protocol/messages/api-versions.ts";
import { saslAuthenticate } from "../../packages/broker/src/protocol/messages/sasl-authenticate.ts";
import { saslHandshake } from "../../packages/broker/src/protocol/messages/sasl-handshake.ts";
import type { Api, Decoded, Encodable } from "../../packages/broker/src/protocol/schema.ts";
import { RawClient } from "../../packages/broker/test/raw-client.ts";
import { type Side, USER } from "../side.ts";
import type { Step } from "./step.ts";
import { World } from "./world.ts";

export const CLOSED = "the connection was closed";
const UNANSWERED = {} as Decoded<Api["response"]>;

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
  readonly #idleOfUser: RawClient[] = [];
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
    this.#send(step).then(
      (answer) => {
        step.learn(answer, this.world);
        land(step.seen(answer));
      },
      (error: unknown) => land(String(error).includes("closed") ? CLOSED : String(error)),
    );
    return flight;
  }

  async #send(step: Step): Promise<Decoded<Api["response"]>> {
    const idle = step.isOfUser ? this.#idleOfUser : this.#idle;
    const client = idle.pop() ?? (await this.#connect(step.isOfUser));
    const { api, version } = step;
    const body = step.body(this.world);
    if (step.isUnanswered) client.post(api, version, body);
    // What is sent behind a request without an answer shows whether the connection has outlived it.
    const answer = step.isUnanswered
      ? await client.send(apiVersions, 0, {}).then(() => UNANSWERED)
      : await client.send(api, version, body);
    idle.push(client);
    return answer;
  }

  /** Sends a request of somebody who may do everything. */
  async ask<A extends Api>(
    api: A,
    version: number,
    body: Encodable<A["request"]>,
  ): Promise<Decoded<A["response"]>> {
    const client = this.#idle.pop() ?? (await this.#connect(false));
    const answer = await client.send(api, version, body);
    this.#idle.push(client);
    return answer;
  }

  async #connect(isOfUser: boolean): Promise<RawClient> {
    const { port, saslPort } = this.#side;
    const client = await RawClient.connect(isOfUser ? saslPort : port);
    this.#all.add(client);
    if (!isOfUser) return client;
    await client.send(saslHandshake, 1, { mechanism: "PLAIN" });
    const authBytes = Buffer.from(`\0${USER.name}\0${USER.password}`);
    const { errorCode } = await client.send(saslAuthenticate, 2, { authBytes });
    if (errorCode !== 0) throw new Error(`cannot log in: error ${errorCode}`);
    return client;
  }

  close(): void {
    for (const client of this.#all) client.close();
  }
}

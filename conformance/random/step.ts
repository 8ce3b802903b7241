import type { Api, Decoded, Encodable } from "../../packages/broker/src/protocol/schema.ts";
import type { Choice } from "./choice.ts";
import type { World } from "./world.ts";

/** What a broker does after it has answered, and must have done before the next step. */
export type Background =
  | { readonly kind: "metadata" }
  | { readonly kind: "group" }
  | { readonly kind: "leave"; readonly group: string }
  | { readonly kind: "transaction"; readonly transactionalId: string };

/** One request, drawn before anything is sent; ids that only the broker knows are put in when its turn comes. */
export interface Step {
  readonly api: Api;
  readonly version: number;
  readonly body: (world: World) => Encodable<Api["request"]>;
  readonly learn: (answer: Decoded<Api["response"]>, world: World) => void;
  readonly background: Background | undefined;
  /** Changes nothing, so that it may be asked again until the background has caught up. */
  readonly isRead: boolean;
  /** Its answer tells of everything there is: what other runs have left is taken out. */
  readonly isListing: boolean;
  /** Nothing is answered: what is seen is whether the connection stays. */
  readonly isUnanswered: boolean;
  /** Sent by the user of the cases, whom entries of ACLs bind, instead of by somebody who may do everything. */
  readonly isOfUser: boolean;
  /** The part of the answer that is compared. */
  readonly seen: (answer: Decoded<Api["response"]>) => unknown;
}

interface Options<A extends Api> {
  readonly learn?: (answer: Decoded<A["response"]>, world: World) => void;
  readonly background?: Background;
  readonly isRead?: boolean;
  readonly isListing?: boolean;
  readonly isUnanswered?: boolean;
  readonly seen?: (answer: Decoded<A["response"]>) => unknown;
}

/** Draws a step of one kind. */
export type Maker = (choice: Choice) => Step;

export function step<A extends Api>(
  api: A,
  version: number,
  body: (world: World) => Encodable<A["request"]>,
  options: Options<A> = {},
): Step {
  const { learn = () => {}, background, isRead = false, isListing = false, seen = (all) => all } = options;
  const { isUnanswered = false } = options;
  return {
    api,
    version,
    body: body as Step["body"],
    learn: learn as Step["learn"],
    background,
    isRead: isRead || isListing,
    isListing,
    isUnanswered,
    isOfUser: false,
    seen: seen as Step["seen"],
  };
}

import { createHash } from "node:crypto";
import { encodeBase58 } from "../encoding/base58.ts";

/** Each makes one field of an answer something else than what it should be; the JSON stays whole. */
const DAMAGES: readonly (readonly [RegExp, string])[] = [
  [/"blockhash":"[^"]*"/, '"blockhash":12'],
  [/"parentSlot":\d+/, '"parentSlot":"soon"'],
  [/"previousBlockhash":"[^"]*"/, '"previousBlockhash":{}'],
  [/"transactions":\[/, '"transactionList":['],
  [/"blockTime":\d+/, '"blockTime":[]'],
  [/"result":\d+/, '"result":"soon"'],
  [/"result":\[\d/, '"result":[-1,1'],
];

/** An answer in which one field is damaged; `which` chooses where to begin to look for one. */
export function damageField(answer: string, which: number): string {
  for (let i = 0; i < DAMAGES.length; i++) {
    const [pattern, replacement] = DAMAGES[(which + i) % DAMAGES.length] ?? [/$^/, ""];
    // Only the head of an answer is looked at: blocks have megabytes, and their own fields come first.
    if (pattern.test(answer)) return answer.replace(pattern, replacement);
  }
  return answer;
}

/** A block that says that it follows on a block which nobody knows. */
export function misplaceParent(answer: string, which: number): string {
  const hash = encodeBase58(createHash("sha256").update(`nowhere/${which}`).digest());
  return answer.replace(/"previousBlockhash":"[^"]*"/, `"previousBlockhash":"${hash}"`);
}

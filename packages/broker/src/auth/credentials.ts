import { createHash, timingSafeEqual } from "node:crypto";
import type { Journal } from "../storage/journal.ts";
import { credentialFor, type ScramCredential, type ScramMechanism } from "./scram.ts";

export const SCRAM_MECHANISMS: readonly ScramMechanism[] = ["SCRAM-SHA-256", "SCRAM-SHA-512"];

const KIND = "scram";

interface SavedCredential {
  readonly salt: string;
  readonly iterations: number;
  readonly storedKey: string;
  readonly serverKey: string;
}

function credentialKey(user: string, mechanism: ScramMechanism): string {
  return JSON.stringify([KIND, user, mechanism]);
}

/** Who may log in: users of the configuration, and SCRAM credentials that were set through the API. */
export class Credentials {
  readonly #journal: Journal;
  readonly #passwords: ReadonlyMap<string, string>;
  readonly #scram = new Map<string, ScramCredential>();

  constructor(journal: Journal, users: Readonly<Record<string, string>>) {
    this.#journal = journal;
    this.#passwords = new Map(Object.entries(users));
    for (const { key, value } of journal.entries()) {
      const [kind] = JSON.parse(key) as [string];
      if (kind === KIND) this.#scram.set(key, restored(value as SavedCredential));
    }
  }

  /** True if the configuration has the user with this password. Takes as long for a wrong one as for a right one. */
  passwordHolds(user: string, password: string): boolean {
    const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
    const expected = this.#passwords.get(user);
    const isEqual = timingSafeEqual(digest(password), digest(expected ?? ""));
    return expected !== undefined && isEqual;
  }

  scram(user: string, mechanism: ScramMechanism): ScramCredential | undefined {
    const key = credentialKey(user, mechanism);
    const known = this.#scram.get(key);
    const password = this.#passwords.get(user);
    if (known !== undefined || password === undefined) return known;
    // Made when it is first needed, and kept: each costs some milliseconds.
    const made = credentialFor(mechanism, password);
    this.#scram.set(key, made);
    return made;
  }

  /** The users with SCRAM credentials of their own, and of which kinds. */
  stored(): Map<string, { readonly mechanism: ScramMechanism; readonly iterations: number }[]> {
    const users = new Map<string, { mechanism: ScramMechanism; iterations: number }[]>();
    for (const { key, value } of this.#journal.entries()) {
      const [kind, user, mechanism] = JSON.parse(key) as [string, string, ScramMechanism];
      if (kind !== KIND) continue;
      const { iterations } = value as SavedCredential;
      users.set(user, [...(users.get(user) ?? []), { mechanism, iterations }]);
    }
    return users;
  }

  set(user: string, mechanism: ScramMechanism, credential: ScramCredential): void {
    const key = credentialKey(user, mechanism);
    const value: SavedCredential = {
      salt: credential.salt.toString("base64"),
      iterations: credential.iterations,
      storedKey: credential.storedKey.toString("base64"),
      serverKey: credential.serverKey.toString("base64"),
    };
    this.#journal.put([{ key, value }]);
    this.#scram.set(key, credential);
  }

  /** True if the user has a credential of its own of this kind, set through the API. */
  has(user: string, mechanism: ScramMechanism): boolean {
    const kinds = this.stored().get(user) ?? [];
    return kinds.some((credential) => credential.mechanism === mechanism);
  }

  /** Returns false where there was nothing to remove. */
  remove(user: string, mechanism: ScramMechanism): boolean {
    if (!this.has(user, mechanism)) return false;
    const key = credentialKey(user, mechanism);
    this.#journal.put([{ key, value: null }]);
    this.#scram.delete(key);
    return true;
  }

  flush(): Promise<void> {
    return this.#journal.flush();
  }
}

function restored(saved: SavedCredential): ScramCredential {
  return {
    salt: Buffer.from(saved.salt, "base64"),
    iterations: saved.iterations,
    storedKey: Buffer.from(saved.storedKey, "base64"),
    serverKey: Buffer.from(saved.serverKey, "base64"),
  };
}

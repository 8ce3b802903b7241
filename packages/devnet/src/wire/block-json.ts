/** The shapes of a `getBlock` result in json encoding; keys in the order in which nodes write them. */
export interface BlockJson {
  readonly blockHeight: number;
  readonly blockTime: number;
  readonly blockhash: string;
  readonly parentSlot: number;
  readonly previousBlockhash: string;
  readonly rewards?: readonly RewardJson[];
  readonly signatures?: readonly string[];
  readonly transactions?: readonly TransactionJson[];
}

export interface RewardJson {
  readonly commission: number | null;
  readonly lamports: number;
  readonly postBalance: number;
  readonly pubkey: string;
  readonly rewardType: "Fee";
}

export interface TransactionJson {
  readonly meta: MetaJson;
  readonly transaction: { readonly message: MessageJson; readonly signatures: readonly string[] };
  readonly version: "legacy" | 0;
}

export interface MetaJson {
  readonly computeUnitsConsumed: number;
  readonly err: InstructionErrorJson | null;
  readonly fee: number;
  readonly innerInstructions: readonly InnerInstructionsJson[];
  readonly loadedAddresses: { readonly readonly: readonly string[]; readonly writable: readonly string[] };
  readonly logMessages: readonly string[];
  readonly postBalances: readonly number[];
  readonly postTokenBalances: readonly TokenBalanceJson[];
  readonly preBalances: readonly number[];
  readonly preTokenBalances: readonly TokenBalanceJson[];
  /** What the last program to return something returned. */
  readonly returnData?: {
    readonly data: readonly [bytes: string, encoding: "base64"];
    readonly programId: string;
  };
  readonly rewards: readonly [];
  readonly status: { readonly Ok: null } | { readonly Err: InstructionErrorJson };
}

export interface InstructionErrorJson {
  readonly InstructionError: readonly [instruction: number, error: { readonly Custom: number }];
}

export interface InnerInstructionsJson {
  readonly index: number;
  readonly instructions: readonly InstructionJson[];
}

export interface InstructionJson {
  readonly accounts: readonly number[];
  readonly data: string;
  readonly programIdIndex: number;
  /** Null for a top-level instruction, 2 and more inside. */
  readonly stackHeight: number | null;
}

export interface MessageJson {
  readonly accountKeys: readonly string[];
  /** Only in versioned messages. */
  readonly addressTableLookups?: readonly LookupJson[];
  readonly header: {
    readonly numReadonlySignedAccounts: number;
    readonly numReadonlyUnsignedAccounts: number;
    readonly numRequiredSignatures: number;
  };
  readonly instructions: readonly InstructionJson[];
  readonly recentBlockhash: string;
}

export interface LookupJson {
  readonly accountKey: string;
  readonly readonlyIndexes: readonly number[];
  readonly writableIndexes: readonly number[];
}

export interface TokenBalanceJson {
  readonly accountIndex: number;
  readonly mint: string;
  readonly owner: string;
  readonly programId: string;
  readonly uiTokenAmount: {
    readonly amount: string;
    readonly decimals: number;
    readonly uiAmount: number | null;
    readonly uiAmountString: string;
  };
}

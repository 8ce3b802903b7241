/** Field numbers of solana-storage.proto: messages Transaction, Message and TransactionStatusMeta. */
export const TRANSACTION = { signature: 1, message: 2 } as const;
export const MESSAGE = { key: 2, call: 4 } as const;
export const META = {
  error: 1,
  lamportsBefore: 3,
  lamportsAfter: 4,
  inner: 5,
  log: 6,
  balanceBefore: 7,
  balanceAfter: 8,
  loadedWritable: 12,
  loadedReadonly: 13,
} as const;

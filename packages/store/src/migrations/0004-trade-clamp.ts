/** Whether a trade clamps another's (a sandwich), as its message says. */
export const tradeClamp = `
-- Null is what nobody has told: blocks that were not seen whole, and trades that were stored before.
ALTER TABLE trades ADD COLUMN clamp boolean;
`;

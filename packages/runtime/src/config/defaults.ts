/** Defaults that a process needs before it has a reason to load the schemas; the schemas take theirs from here. */

/** Section `log`. */
export const DEFAULT_LOG = { level: "info", format: "auto" } as const;

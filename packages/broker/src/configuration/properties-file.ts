const ESCAPES: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f" };

/**
 * Reads a file of Java properties, the format of Kafka's server.properties: one `name=value` a line, with `:` or
 * blanks in the place of `=`, comments behind `#` or `!`, a backslash at a line's end to go on with the next one,
 * and escapes. Where a name comes twice, the last value counts.
 */
export function parseProperties(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of logicalLines(text)) {
    const split = /^((?:\\.|[^\s=:\\])*)(?:\s*[=:]\s*|\s+|$)(.*)$/s.exec(line);
    if (split !== null) found.set(unescaped(split[1] ?? ""), unescaped(split[2] ?? ""));
  }
  return found;
}

function logicalLines(text: string): string[] {
  const lines: string[] = [];
  let begun: string | undefined;
  for (const physical of text.split(/\r\n|\r|\n/)) {
    const line = physical.trimStart();
    if (begun === undefined && (line === "" || line.startsWith("#") || line.startsWith("!"))) continue;
    const whole = (begun ?? "") + line;
    // An odd number of backslashes at the end: the last one is not itself escaped.
    const goesOn = (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
    if (!goesOn) lines.push(whole);
    begun = goesOn ? whole.slice(0, -1) : undefined;
  }
  if (begun !== undefined) lines.push(begun);
  return lines;
}

function unescaped(text: string): string {
  return text.replace(/\\(?:u([\da-fA-F]{4})|(.))/gs, (_whole, hex?: string, char?: string) =>
    hex === undefined ? (ESCAPES[char ?? ""] ?? char ?? "") : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

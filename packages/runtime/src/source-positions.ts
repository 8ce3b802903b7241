import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const POSITION = /(file:\/\/\/[^\s()]+\.js):(\d+):(\d+)/g;

/**
 * A stack with the positions of the sources in the place of those of built files, where a source map lies beside
 * them. Node can do this for every error by itself, but then reads all maps at start, which takes as long as the
 * start; a stack is only shown when a process ends with a bug.
 */
export function withSourcePositions(stack: string): string {
  const maps = new Map<string, SourceMap | null>();
  return stack.replace(POSITION, (position, url: string, line: string, column: string) => {
    const file = fileURLToPath(url);
    const map = maps.get(file) ?? readMap(file);
    maps.set(file, map);
    const origin = map?.findOrigin(Number(line), Number(column));
    if (origin === undefined || !("fileName" in origin) || origin.fileName === undefined) return position;
    return `${resolve(dirname(file), origin.fileName)}:${origin.lineNumber}:${origin.columnNumber}`;
  });
}

function readMap(file: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, "utf8")));
  } catch {
    // No map, or none that can be read: the position in the built file is better than none.
    return null;
  }
}

/** The client programs' side of the protocol in README.md, for those that are written in TypeScript. */
export interface ProgramTask {
  readonly brokers: string;
  readonly topic: string;
  readonly group: string;
  readonly protocol: string;
  readonly codec: string;
  readonly id: string;
  readonly prefix: string;
  readonly count: number;
  readonly until: string;
  readonly commit: boolean;
  readonly readCommitted: boolean;
}

export type Commands = Readonly<Record<string, (task: ProgramTask) => Promise<void>>>;

/** Runs the command that the process was started with. */
export async function runCommand(commands: Commands): Promise<void> {
  const [, , name = "", task = "{}"] = process.argv;
  const command = commands[name];
  if (command === undefined) throw new Error(`this client has no command ${name}`);
  await command(JSON.parse(task) as ProgramTask);
}

export function report(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

/** Resolves when the runner asks the program to stop. */
export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.once("data", () => {
      // An open standard input would keep the process alive.
      process.stdin.destroy();
      resolve();
    });
  });
}

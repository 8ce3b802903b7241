import { type Account, candlewick, type Run } from "./process.ts";

/** An `up` that has printed where everything is. */
export interface RunningUp {
  readonly run: Run;
  readonly pid: number;
  /** Address of the page, the HTTP interface and the WebSocket. */
  readonly page: string;
  /** From the start of the process until it said that it runs. */
  readonly startMs: number;
  /** Sends a signal and waits for the end; resolves to how it ended and what it printed since. */
  stop(signal: NodeJS.Signals): Promise<{ code: number | NodeJS.Signals; printed: string }>;
}

/** Starts `candlewick up` on a free port and waits until it runs. Whoever starts it must stop or kill it. */
export async function startUp(
  data: string,
  { environment, account }: { environment?: NodeJS.ProcessEnv; account?: Account | null } = {},
): Promise<RunningUp> {
  const began = performance.now();
  const run = candlewick(["up", "--port", "0", "--data", data], environment, account);
  const { pid } = run.child;
  if (pid === undefined) throw new Error("the process could not be started");
  const [, page = ""] = await run.saw(/ {2}Web page +(\S+)[\s\S]*with these data\.\n/);
  return {
    run,
    pid,
    page,
    startMs: performance.now() - began,
    async stop(signal) {
      const before = run.stderr().length;
      run.kill(signal);
      const code = await run.ended;
      return { code, printed: run.stderr().slice(before) };
    },
  };
}

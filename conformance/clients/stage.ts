import type { Client } from "./client.ts";
import { Program } from "./program.ts";
import type { Scenario, Stage } from "./scenarios/scenario.ts";
import { type BrokerProcess, openSession } from "./sides.ts";

/** Runs one scenario of one client on one broker; null where it went well, else what did not. */
export async function perform(
  scenario: Scenario,
  client: Client,
  command: readonly string[],
  broker: BrokerProcess,
): Promise<string | null> {
  const session = openSession(broker);
  const programs: Program[] = [];
  const stage: Stage = {
    client,
    session,
    name: (role) => `${client.name}.${scenario.name}.${role}`.replaceAll(/[^\w.-]+/g, "-"),
    start(name, task) {
      const program = new Program(command, name, { brokers: broker.address, ...task });
      programs.push(program);
      return program;
    },
  };
  try {
    await scenario.run(stage);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    for (const program of programs) program.kill();
    session.close();
  }
}

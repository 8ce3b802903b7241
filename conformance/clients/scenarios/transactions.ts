import { expectSame, type Scenario, valuesOf } from "./scenario.ts";

const RECORDS = 20;

/** What is committed is seen, what is aborted is not, unless one asks for it. */
export const transactions: Scenario = {
  name: "transactions",
  title: "transactions: commit, abort",
  suits: (client) => client.hasTransactions,
  async run(stage) {
    const [topic, id] = [stage.name("topic"), stage.name("id")];
    await stage.session.createTopic(topic);
    const transact = (prefix: string, count: number, commit: boolean): Promise<unknown> =>
      stage.start("transact", { topic, id, prefix, count, commit }).done();
    await transact("committed", RECORDS, true);
    await transact("aborted", RECORDS, false);
    await transact("end", 1, true);
    const committed = stage.start("consume", { topic, until: "end-0", readCommitted: true });
    await committed.done();
    expectSame("read_committed", committed.values, [...valuesOf("committed", RECORDS), "end-0"]);
    const all = stage.start("consume", { topic, until: "end-0", readCommitted: false });
    await all.done();
    const everything = [...valuesOf("committed", RECORDS), ...valuesOf("aborted", RECORDS), "end-0"];
    expectSame("read_uncommitted", all.values, everything);
  },
};

/** A producer whose transactional id somebody else has taken over cannot commit what it had begun. */
export const fencing: Scenario = {
  name: "fencing",
  title: "transactions: a zombie is fenced",
  suits: (client) => client.hasTransactions,
  async run(stage) {
    const [topic, id] = [stage.name("topic"), stage.name("id")];
    await stage.session.createTopic(topic);
    const reports = await stage.start("zombie", { topic, id }).done();
    const fenced = reports.find((report) => report.fenced !== undefined)?.fenced;
    if (typeof fenced !== "string") throw new Error("the zombie could commit");
    const reader = stage.start("consume", { topic, until: "successor-0", readCommitted: true });
    await reader.done();
    expectSame("read_committed", reader.values, ["successor-0"]);
  },
};

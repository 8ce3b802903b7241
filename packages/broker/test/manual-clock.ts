export { ManualClock } from "../src/index.ts";

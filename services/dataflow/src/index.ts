export { type DataflowConfig, type DataflowDeps, dataflowSchema, startDataflow } from "./main.ts";

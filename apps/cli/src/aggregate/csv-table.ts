import { Readable } from "node:stream";
import { CandlewickError, ERRORS, suggest } from "@candlewick/runtime";
import { CsvError, type Info, parse } from "csv-parse";
import { inputName, readInput } from "../input-file.ts";

/** One row of a CSV file below its header. */
export interface CsvRow {
  /** Counted from 1, the header left out. */
  readonly number: number;
  readonly cells: readonly string[];
}

/** A longer line is no CSV. */
const MAX_LINE_BYTES = 1024 * 1024;

/** A CSV file with a header, plain or gzip, read row by row in bounded memory. */
export class CsvTable {
  readonly #file: string;
  readonly #records: AsyncIterator<{ record: string[]; info: Info }>;
  #header: readonly string[] = [];
  #rows = 0;

  private constructor(file: string) {
    this.#file = file;
    const parser = parse({
      bom: true,
      info: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: MAX_LINE_BYTES,
    });
    const source = Readable.from(readInput(file));
    source.on("error", (error) => parser.destroy(error));
    this.#records = source.pipe(parser)[Symbol.asyncIterator]();
  }

  /** Opens a file and reads its header. Throws CandlewickError(BAD_INPUT) where there is none. */
  static async open(file: string): Promise<CsvTable> {
    const table = new CsvTable(file);
    const header = await table.#next();
    if (header === null) throw table.error("is empty", "Give a CSV file with a header in its first line");
    table.#header = header;
    return table;
  }

  /** The place of a column. Throws with the column that was probably meant. */
  column(name: string): number {
    const index = this.#header.indexOf(name);
    if (index >= 0) return index;
    const meant = suggest(name, this.#header);
    const advice = meant === undefined ? "" : `Did you mean "${meant}"? `;
    throw this.error(`has no column "${name}"`, `${advice}It has ${this.#header.join(", ")}`);
  }

  async *rows(): AsyncGenerator<CsvRow> {
    for (let cells = await this.#next(); cells !== null; cells = await this.#next()) {
      this.#rows++;
      yield { number: this.#rows, cells };
    }
  }

  /** An error about the file as a whole. */
  error(what: string, advice: string, cause?: unknown): CandlewickError {
    return new CandlewickError(ERRORS.badInput, `${inputName(this.#file)} ${what}`, advice, { cause });
  }

  /** An error about one row of it. */
  rowError(row: CsvRow, what: string): CandlewickError {
    return new CandlewickError(
      ERRORS.badInput,
      `${inputName(this.#file)}, row ${row.number}: ${what}`,
      "Correct or remove that row",
    );
  }

  async #next(): Promise<readonly string[] | null> {
    try {
      const next = await this.#records.next();
      return next.done === true ? null : next.value.record;
    } catch (cause) {
      const where = `, after row ${this.#rows}`;
      if (cause instanceof CsvError)
        throw this.error(`is not CSV${where}: ${csvProblem(cause)}`, "Correct that row", cause);
      if (cause instanceof CandlewickError && this.#rows > 0) {
        throw new CandlewickError(ERRORS.badInput, `${cause.message}${where}`, cause.advice, { cause });
      }
      throw cause;
    }
  }
}

function csvProblem(error: CsvError): string {
  switch (error.code) {
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH":
    case "CSV_RECORD_INCONSISTENT_COLUMNS":
      return "the next row has another number of cells than the header";
    case "CSV_MAX_RECORD_SIZE":
      return `the next line is longer than ${MAX_LINE_BYTES / 1024} KiB`;
    case "CSV_QUOTE_NOT_CLOSED":
      return "a quote is not closed";
    default:
      return error.message.replace(/^Invalid [A-Za-z ]+: /, "");
  }
}

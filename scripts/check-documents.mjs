// Holds the documents to the tree: every file, folder or heading that one names must be there, and every
// command of npm that one names must be a script. Holds each translation (X.zh.md) to its original (X.md).
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

const FOLDERS = "packages|services|apps|e2e|conformance|chaos|bench|docs|scripts";
const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
const documents = new Map(
  [".", "docs"]
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => path.endsWith(".md"))
    .map((path) => [path, read(path)]),
);
const problems = [];

for (const [path, document] of documents) {
  checkNames(path, document);
  if (path.endsWith(".zh.md")) checkTranslation(path, path.replace(/\.zh\.md$/, ".md"));
}

/** Takes a page apart: its code blocks, and headings, rows, links, names and figures of the text between them. */
function read(path) {
  const text = readFileSync(path, "utf8");
  const code = [];
  const prose = text.replace(
    /^```(\w*)\n([\s\S]*?)^```$|(?<=\n\n)(?: {4}.*\n)+/gm,
    (block, language, fenced) => {
      code.push(language === "" ? strokesOf(fenced) : linesOf(fenced ?? block));
      return "";
    },
  );
  const all = (pattern) => [...prose.matchAll(pattern)];
  return {
    text,
    code,
    headings: all(/^(#+) (.*)$/gm).map(([, marks, title]) => ({ level: marks.length, title })),
    rows: all(/^\|(.*)\|$/gm).map(([, row]) => row.split(/(?<!\\)\|/).length),
    links: all(/\]\(([^)#:]*)(?:#([^):]+))?\)/g).map(([, file, anchor]) => ({
      target: file === "" ? path : normalize(join(dirname(path), file)),
      anchor,
    })),
    names: all(/`([^`]+)`/g).map(([, name]) => name),
    figures: all(/\d+(?:[.,]\d+)*/g).map(([figure]) => figure),
  };
}

/** The lines of a code block without their comments, which a translation puts in its own words. */
function linesOf(code) {
  const lines = code.split("\n").map((line) => line.replace(/(^|\s)(#|\/\/) .*$/, "").trimEnd());
  return lines.filter((line) => line !== "");
}

/** The arrows and corners of a drawing, in their order: its words are translated and move its lines. */
function strokesOf(drawing) {
  return drawing.split("\n").map((line) => (line.match(/─+|[│┌┐└┘├┤>]/g) ?? []).map(([one]) => one).join(""));
}

function checkNames(path, { text, links }) {
  for (const [, name] of text.matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]*)\``, "g"))) {
    if (!existsSync(name)) problems.push(`${path} names ${name}, which is not there`);
  }
  for (const { target, anchor } of links) {
    if (!existsSync(target)) problems.push(`${path} links to ${target}, which is not there`);
    else if (anchor !== undefined && placeOf(target, anchor) < 0)
      problems.push(`${path} links to ${target}#${anchor}, a heading that is not there`);
  }
  for (const [, name] of text.matchAll(/npm run ([\w:-]+)/g)) {
    if (!(name in scripts)) problems.push(`${path} names npm run ${name}, which is no script`);
  }
}

/** Which heading of a page an anchor names, from 0; -1 for none. GitHub makes an anchor of a title like this. */
function placeOf(path, anchor) {
  const anchorOf = (title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-");
  return documents.get(path)?.headings.findIndex(({ title }) => anchorOf(title) === anchor) ?? -1;
}

function checkTranslation(path, originalPath) {
  const [page, original] = [documents.get(path), documents.get(originalPath)];
  if (original === undefined) {
    problems.push(`${path} is a translation of ${originalPath}, which is not there`);
    return;
  }
  const inOrder = (what, part) => compareOrder(path, what, part(page), part(original));
  const counted = (what, part) => compareCounts(path, what, part(page), part(original));
  inOrder("the levels of headings", ({ headings }) => headings.map(({ level }) => level));
  inOrder("the columns of rows of tables", ({ rows }) => rows);
  inOrder("the lengths of code blocks", ({ code }) => code.map(({ length }) => length));
  inOrder("the lines of code", ({ code }) => code.flat());
  counted("links to", ({ links }) => links.map((link) => placeInBoth(link, originalPath)));
  counted("the figure", ({ figures }) => figures);
  // A sentence may have to say a name once more in another language.
  counted("the name", ({ names }) => [...new Set(names)]);
  for (const { target } of page.links) {
    const translated = target.replace(/(?<!\.zh)\.md$/, ".zh.md");
    if (target !== translated && target !== originalPath && documents.has(translated))
      problems.push(`${path} links to ${target}, which is there as ${translated}`);
  }
}

/** A link as both languages have it: to the page in either language, or to this page in the other one. */
function placeInBoth({ target, anchor }, originalPath) {
  const page = target.replace(/\.zh\.md$/, ".md");
  const heading = anchor === undefined ? "" : `, heading ${placeOf(target, anchor) + 1}`;
  return (page === originalPath ? "the other language" : page) + heading;
}

function compareOrder(path, what, ours, theirs) {
  const length = Math.max(ours.length, theirs.length);
  for (let index = 0; index < length; index++) {
    if (ours[index] === theirs[index]) continue;
    const say = (one) => (one === undefined ? "nothing" : JSON.stringify(one));
    problems.push(
      `${path}: ${what} differ from the original's at number ${index + 1}:`,
      `  it has      ${say(ours[index])}`,
      `  original    ${say(theirs[index])}`,
    );
    return;
  }
}

function compareCounts(path, what, ours, theirs) {
  for (const one of new Set([...theirs, ...ours])) {
    const count = (list) => list.filter((other) => other === one).length;
    if (count(ours) !== count(theirs))
      problems.push(`${path} has ${what} ${one} ${count(ours)} times, its original ${count(theirs)} times`);
  }
}

if (problems.length > 0) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log("documents: what they name is there, and translations have all of it");

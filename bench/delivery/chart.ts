/** One bar. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Ours. */
  readonly isOurs: boolean;
}

const WIDTH = 760;
const LABEL_WIDTH = 300;
const ROW = 26;
const TOP = 44;
const COLOURS = { ours: "#e07a2f", others: "#8aa1b4", text: "#24292f", ground: "#ffffff" } as const;

/** A bar chart as an SVG file. */
export function barChart(title: string, unit: string, bars: readonly Bar[]): string {
  const height = TOP + bars.length * ROW + 12;
  const most = Math.max(...bars.map(({ value }) => value));
  const rows = bars.map((bar, index) => row(bar, TOP + index * ROW, most, unit));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" font-family="system-ui, sans-serif" font-size="13">
<title>${escapeXml(title)}</title>
<rect width="100%" height="100%" fill="${COLOURS.ground}"/>
<text x="12" y="26" font-size="15" font-weight="600" fill="${COLOURS.text}">${escapeXml(title)}</text>
${rows.join("\n")}
</svg>
`;
}

function row({ label, value, isOurs }: Bar, y: number, most: number, unit: string): string {
  const width = Math.max(1, Math.round((value / most) * (WIDTH - LABEL_WIDTH - 130)));
  const fill = isOurs ? COLOURS.ours : COLOURS.others;
  const figure = `${Math.round(value).toLocaleString("en")} ${unit}`;
  return [
    `<text x="${LABEL_WIDTH - 10}" y="${y + 15}" text-anchor="end" fill="${COLOURS.text}">${escapeXml(label)}</text>`,
    `<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width}" height="${ROW - 8}" rx="2" fill="${fill}"/>`,
    `<text x="${LABEL_WIDTH + width + 6}" y="${y + 15}" fill="${COLOURS.text}">${escapeXml(figure)}</text>`,
  ].join("");
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

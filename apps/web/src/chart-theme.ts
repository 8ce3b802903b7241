import { type ChartOptions, ColorType, CrosshairMode, type DeepPartial } from "lightweight-charts";

/** The colours of the chart, taken from the style sheet so that both have one source. */
export interface ChartColours {
  readonly up: string;
  readonly down: string;
  readonly upSoft: string;
  readonly downSoft: string;
  readonly text: string;
  readonly line: string;
  readonly faint: string;
  readonly label: string;
}

/** Reads the colours that are in force now (they change with the system's light or dark). */
export function chartColours(): ChartColours {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    up: colour("--up"),
    down: colour("--down"),
    upSoft: colour("--up-volume"),
    downSoft: colour("--down-volume"),
    text: colour("--muted"),
    line: colour("--line"),
    faint: colour("--grid"),
    label: colour("--label"),
  };
}

/** Options of the chart in these colours. */
export function chartOptions(colours: ChartColours): DeepPartial<ChartOptions> {
  const { text, line, faint, label } = colours;
  return {
    layout: {
      background: { type: ColorType.Solid, color: "transparent" },
      textColor: text,
      fontSize: 11,
      fontFamily: getComputedStyle(document.body).fontFamily,
      // The licence of the library asks for this sign.
      attributionLogo: true,
    },
    grid: { vertLines: { color: faint }, horzLines: { color: faint } },
    crosshair: {
      mode: CrosshairMode.Normal,
      vertLine: { color: text, labelBackgroundColor: label },
      horzLine: { color: text, labelBackgroundColor: label },
    },
    rightPriceScale: { borderColor: line, scaleMargins: { top: 0.12, bottom: 0.24 } },
    timeScale: {
      borderColor: line,
      timeVisible: true,
      secondsVisible: false,
      rightOffset: 4,
      barSpacing: 8,
      minBarSpacing: 1,
    },
  };
}

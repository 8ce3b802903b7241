import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";

const CANDIDATES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const EXECUTABLE = CANDIDATES.find((file) => existsSync(file));
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Why no browser can be started here; null where one can. */
export function browserUnavailable(): string | null {
  return EXECUTABLE === undefined ? `needs Chromium (${CANDIDATES.join(" or ")})` : null;
}

/** Starts a Chromium that shows nothing on a screen and asks nothing of the network by itself. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: EXECUTABLE ?? "", args: ARGUMENTS });
}

/** Collects what a page must not do: write errors or warnings, throw, be refused something, or ask anybody else. */
export function watchPage(page: Page, address: string): string[] {
  const { host } = new URL(address);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== host) complaints.push(socket.url());
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.host !== host) complaints.push(request.url());
  });
  return complaints;
}

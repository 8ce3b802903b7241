/** A client of the WebSocket that waits for messages. */
export class LiveSocket {
  readonly #socket: WebSocket;
  readonly #messages: Record<string, unknown>[] = [];
  #wake = Promise.withResolvers<void>();

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      const message: unknown = JSON.parse(String(data));
      this.#messages.push({ ...Object(message) });
      this.#ring();
    });
    socket.addEventListener("close", () => this.#ring());
  }

  /** Connects to what serves the page at that address. */
  static async connect(page: string): Promise<LiveSocket> {
    const socket = new WebSocket(new URL("/ws", page.replace(/^http/, "ws")));
    const live = new LiveSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error(`no WebSocket at ${page}`)));
    });
    return live;
  }

  send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }

  /** The next message that has these values; those before it are dropped. Rejects where the connection ends. */
  async next(values: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
    for (;;) {
      for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
        const found = message;
        if (Object.entries(values).every(([name, value]) => found[name] === value)) return found;
      }
      if (this.#socket.readyState === WebSocket.CLOSED) throw new Error("the connection has ended");
      await this.#wake.promise;
    }
  }

  close(): void {
    this.#socket.close();
  }

  #ring(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }
}

/** A WebSocket client that waits for messages. */
export class WebSocketClient {
  readonly socket: WebSocket;
  readonly #messages: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  readonly closed: Promise<CloseEvent>;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.addEventListener("close", resolve));
    socket.addEventListener("message", ({ data }) => {
      this.#messages.push(JSON.parse(String(data)));
      for (const wake of [...this.#waiting]) wake();
    });
  }

  static async connect(url: string): Promise<WebSocketClient> {
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws`);
    const client = new WebSocketClient(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener("open", () => resolve());
      socket.addEventListener("error", () => reject(new Error("the connection was refused")));
    });
    return client;
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits for the next message that fits, and drops those before it. */
  async next(fits: Record<string, unknown>): Promise<Record<string, unknown>> {
    for (;;) {
      for (let message = this.#messages.shift(); message !== undefined; message = this.#messages.shift()) {
        if (Object.entries(fits).every(([key, value]) => message?.[key] === value)) return message;
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed;
  }
}

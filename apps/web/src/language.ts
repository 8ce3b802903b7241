const en = {
  skip: "Skip to the chart",
  pairs: "Pairs",
  trades: "Trades",
  lists: "Lists",
  search: "Search pairs",
  searchHint: "Address, mint or symbol",
  interval: "Interval",
  currency: "Currency of prices",
  utc: "UTC",
  pair: "Pair",
  price: "Price",
  volume24h: "24h volume",
  change: "Change",
  time: "Time",
  amount: "Amount",
  maker: "Maker",
  marketCap: "Market cap",
  marketCapShort: "MCap",
  marketCapTitle:
    "{supply} tokens at the price in dollars. The chain does not tell what is out of circulation: all of them count.",
  fdv: "FDV",
  fdvTitle: "Fully diluted valuation: all {supply} tokens that exist, at the price in dollars.",
  noSupply: "How many tokens exist is not known.",
  noUsdPrice: "The price in dollars is not known.",
  created: "Created",
  createdTitle: "When the pair was created: {date}",
  notCreated: "The creation of this pair was not seen: it is older than what is recorded here.",
  reserves: "Pool",
  reservesTitle: "What makes the pool's price after its newest trade: {base} and {token}",
  noReserves: "The newest trade does not tell what the pool holds.",
  marks: "What the signs beside trades mean",
  sandwich: "Sandwich",
  sandwichTitle: "one of two trades of the same signer that clamp another's in one block",
  selfTrade: "Self-trade",
  selfTradeTitle: "the same account trades back at this pool in the same transaction",
  zeroTrade: "Zero",
  zeroTradeTitle: "one side is zero: it has no price and is in no candle",
  buy: "Buy",
  sell: "Sell",
  slot: "Slot",
  slotTitle: "Newest block that is known",
  blockAge: "Block age",
  blockAgeTitle: "Time since the newest block was made",
  lag: "Lag",
  lagTitle: "Kafka records that are not in the database yet, and the time between their blocks",
  tradesPerSecond: "Trades/s",
  tradesPerSecondTitle: "Mean of the last ten seconds",
  blocksPerSecond: "Blocks/s",
  live: "Live",
  connecting: "Connecting",
  lost: "Reconnecting",
  language: "中文",
  languageTitle: "切换到中文",
  loading: "Loading",
  noPairs: "No pairs yet",
  noPairsAdvice: "The first appears with the first swap.",
  noMatch: "Nothing found",
  noMatchAdvice: "Search takes the beginning of an address, or SOL, USDC, USDT.",
  noTrades: "No trades yet",
  noTradesAdvice: "They appear here as they happen.",
  noCandles: "No candles yet",
  noCandlesAdvice: "The first is drawn with the next trade.",
  noUsd: "No price in dollars",
  noUsdAdvice: "The price of this pair's base in dollars is not known. Switch to {base}.",
  noPair: "Choose a pair",
  noPairAdvice: "Its chart and trades are shown here.",
  unknownPair: "This pair is not known",
  unknownPairAdvice: "No trade of it was seen. Should one come, it is shown here.",
  failed: "This could not be loaded",
  retry: "Try again",
  offline: "The server cannot be reached. Trying again.",
  copy: "Copy the address",
  copied: "Copied",
  sortBy: "Sort by",
  open: "O",
  high: "H",
  low: "L",
  close: "C",
  volume: "Vol",
};

export type TextKey = keyof typeof en;

const zh: Record<TextKey, string> = {
  skip: "跳到图表",
  pairs: "交易对",
  trades: "成交",
  lists: "列表",
  search: "搜索交易对",
  searchHint: "地址、代币或符号",
  interval: "周期",
  currency: "计价货币",
  utc: "UTC",
  pair: "交易对",
  price: "价格",
  volume24h: "24h 成交额",
  change: "涨跌",
  time: "时间",
  amount: "数量",
  maker: "交易者",
  marketCap: "市值",
  marketCapShort: "市值",
  marketCapTitle: "{supply} 枚代币按当前美元价格计算。链上看不出哪些不在流通,因此全部计入。",
  fdv: "FDV",
  fdvTitle: "完全稀释估值:现存全部 {supply} 枚代币按当前美元价格计算。",
  noSupply: "代币总量未知。",
  noUsdPrice: "美元价格未知。",
  created: "创建时间",
  createdTitle: "交易对创建时间:{date}",
  notCreated: "没有见到该交易对的创建:它早于这里的记录。",
  reserves: "池内储备",
  reservesTitle: "最新一笔成交之后决定价格的储备:{base} 和 {token}",
  noReserves: "最新一笔成交没有给出池内储备。",
  marks: "成交旁标记的含义",
  sandwich: "夹子",
  sandwichTitle: "同一签名者在同一区块内前后夹住他人成交的两笔之一",
  selfTrade: "自成交",
  selfTradeTitle: "同一账户在同一交易内于该池反向成交",
  zeroTrade: "零额",
  zeroTradeTitle: "一侧数量为零:没有价格,也不计入 K 线",
  buy: "买入",
  sell: "卖出",
  slot: "Slot",
  slotTitle: "已知的最新区块",
  blockAge: "区块时龄",
  blockAgeTitle: "最新区块产生至今的时间",
  lag: "延迟",
  lagTitle: "尚未写入数据库的 Kafka 记录数,以及对应区块的时间差",
  tradesPerSecond: "成交/秒",
  tradesPerSecondTitle: "最近十秒的平均值",
  blocksPerSecond: "区块/秒",
  live: "实时",
  connecting: "连接中",
  lost: "重新连接中",
  language: "EN",
  languageTitle: "Switch to English",
  loading: "加载中",
  noPairs: "还没有交易对",
  noPairsAdvice: "出现第一笔兑换后会显示在这里。",
  noMatch: "没有找到",
  noMatchAdvice: "可输入地址的开头,或 SOL、USDC、USDT。",
  noTrades: "还没有成交",
  noTradesAdvice: "新的成交会立即显示在这里。",
  noCandles: "还没有 K 线",
  noCandlesAdvice: "下一笔成交后开始绘制。",
  noUsd: "没有美元价格",
  noUsdAdvice: "该交易对基础资产的美元价格未知,请切换到 {base}。",
  noPair: "请选择交易对",
  noPairAdvice: "图表和成交会显示在这里。",
  unknownPair: "未知的交易对",
  unknownPairAdvice: "尚未见到它的成交;一旦出现会显示在这里。",
  failed: "加载失败",
  retry: "重试",
  offline: "无法连接服务器,正在重试。",
  copy: "复制地址",
  copied: "已复制",
  sortBy: "排序:",
  open: "开",
  high: "高",
  low: "低",
  close: "收",
  volume: "量",
};

export type LanguageName = "en" | "zh";

const STORAGE_KEY = "candlewick-language";
const TEXTS: Readonly<Record<LanguageName, Record<TextKey, string>>> = { en, zh };

let current: LanguageName = initialLanguage();

/** A text in the language of the page; `{name}` is replaced by the value of that name. */
export function text(key: TextKey, values: Readonly<Record<string, string>> = {}): string {
  return TEXTS[current][key].replace(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? "");
}

export function language(): LanguageName {
  return current;
}

/** The locale that numbers are written in. */
export function locale(): string {
  return current === "zh" ? "zh-CN" : "en-US";
}

/** Switches the language and remembers it. */
export function setLanguage(name: LanguageName): void {
  current = name;
  remember(STORAGE_KEY, name);
}

/** Writes the texts of all elements that name theirs in `data-text`, `data-placeholder` or `data-label`. */
export function applyTexts(root: Document): void {
  root.documentElement.lang = current === "zh" ? "zh-CN" : "en";
  for (const element of root.querySelectorAll<HTMLElement>("[data-text]")) {
    element.textContent = textOf(element.dataset.text);
  }
  for (const element of root.querySelectorAll<HTMLInputElement>("[data-placeholder]")) {
    element.placeholder = textOf(element.dataset.placeholder);
  }
  for (const element of root.querySelectorAll<HTMLElement>("[data-label]")) {
    element.setAttribute("aria-label", textOf(element.dataset.label));
  }
}

/** A choice that outlives the page, where the browser allows it. */
export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Storage can be forbidden: the choice then holds for this visit only.
  }
}

/** A choice made earlier; null where there is none or storage is forbidden. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function initialLanguage(): LanguageName {
  const stored = remembered(STORAGE_KEY);
  if (stored === "en" || stored === "zh") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function textOf(key: string | undefined): string {
  return key !== undefined && key in en ? text(key as TextKey) : "";
}

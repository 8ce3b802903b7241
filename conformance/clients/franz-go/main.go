// A program around twmb/franz-go that does what ../README.md lists.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

type task struct {
	Brokers       string `json:"brokers"`
	Topic         string `json:"topic"`
	Group         string `json:"group"`
	Protocol      string `json:"protocol"`
	Codec         string `json:"codec"`
	ID            string `json:"id"`
	Prefix        string `json:"prefix"`
	Count         int    `json:"count"`
	Until         string `json:"until"`
	Commit        bool   `json:"commit"`
	ReadCommitted bool   `json:"readCommitted"`
}

var codecs = map[string]kgo.CompressionCodec{
	"":       kgo.NoCompression(),
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func main() {
	var asked task
	if err := json.Unmarshal([]byte(os.Args[2]), &asked); err != nil {
		fail(err)
	}
	commands := map[string]func(context.Context, task) error{
		"produce": produce, "consume": consume, "member": member, "transact": transact, "zombie": zombie,
	}
	command, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no command %s", os.Args[1]))
	}
	if err := command(context.Background(), asked); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

var output sync.Mutex

func report(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		fail(err)
	}
	output.Lock()
	defer output.Unlock()
	fmt.Println(string(text))
}

func connect(asked task, options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.ClientID("conformance"),
		kgo.SeedBrokers(asked.Brokers),
		kgo.ProducerBatchCompression(codecs[asked.Codec]),
		kgo.ProducerLinger(20 * time.Millisecond),
		kgo.FetchMaxWait(200 * time.Millisecond),
	}, options...)...)
}

func records(asked task, prefix string, count int) []*kgo.Record {
	list := make([]*kgo.Record, count)
	for index := range list {
		list[index] = &kgo.Record{
			Topic: asked.Topic,
			Key:   []byte(strconv.Itoa(index)),
			Value: fmt.Appendf(nil, "%s-%d", prefix, index),
		}
	}
	return list
}

func produce(ctx context.Context, asked task) error {
	client, err := connect(asked)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := client.ProduceSync(ctx, records(asked, asked.Prefix, asked.Count)...).FirstErr(); err != nil {
		return err
	}
	report(map[string]any{"produced": asked.Count})
	return nil
}

func reportRecord(record *kgo.Record) {
	report(map[string]any{
		"value": string(record.Value), "partition": record.Partition, "offset": record.Offset,
	})
}

func consume(ctx context.Context, asked task) error {
	level := kgo.ReadUncommitted()
	if asked.ReadCommitted {
		level = kgo.ReadCommitted()
	}
	start := kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())
	client, err := connect(asked, kgo.ConsumeTopics(asked.Topic), start, kgo.FetchIsolationLevel(level))
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return err
		}
		for _, record := range fetches.Records() {
			reportRecord(record)
			if string(record.Value) == asked.Until {
				return nil
			}
		}
	}
}

// ownership reports what a member owns whenever that changes.
type ownership struct {
	mutex sync.Mutex
	owned []int32
}

func (o *ownership) change(added, removed []int32) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	o.owned = slices.DeleteFunc(o.owned, func(partition int32) bool { return slices.Contains(removed, partition) })
	o.owned = append(o.owned, added...)
	report(map[string]any{"assigned": append([]int32{}, o.owned...)})
}

func member(ctx context.Context, asked task) error {
	var owned ownership
	lost := func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
		owned.change(nil, partitions[asked.Topic])
	}
	options := []kgo.Opt{
		kgo.ConsumerGroup(asked.Group),
		kgo.ConsumeTopics(asked.Topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.HeartbeatInterval(500 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			owned.change(partitions[asked.Topic], nil)
		}),
		kgo.OnPartitionsRevoked(lost),
		kgo.OnPartitionsLost(lost),
	}
	if asked.Protocol == "consumer" {
		// The client speaks the new protocol only to those who opt in.
		ctx = context.WithValue(ctx, "opt_in_kafka_next_gen_balancer_beta", true)
	}
	client, err := connect(asked, append(options, kgo.WithContext(ctx))...)
	if err != nil {
		return err
	}
	polling, cancel := context.WithCancel(ctx)
	go func() {
		bufio.NewScanner(os.Stdin).Scan()
		cancel()
	}()
	for polling.Err() == nil {
		fetches := client.PollFetches(polling)
		if err := fetches.Err(); err != nil && !errors.Is(err, context.Canceled) {
			return err
		}
		if list := fetches.Records(); len(list) > 0 {
			if err := client.CommitRecords(ctx, list...); err != nil {
				return err
			}
			for _, record := range list {
				reportRecord(record)
			}
		}
		client.AllowRebalance()
	}
	client.CloseAllowingRebalance()
	return nil
}

func transact(ctx context.Context, asked task) error {
	client, err := connect(asked, kgo.TransactionalID(asked.ID))
	if err != nil {
		return err
	}
	defer client.Close()
	if err := begin(ctx, client, records(asked, asked.Prefix, asked.Count)); err != nil {
		return err
	}
	return client.EndTransaction(ctx, kgo.TransactionEndTry(asked.Commit))
}

func begin(ctx context.Context, client *kgo.Client, list []*kgo.Record) error {
	if err := client.BeginTransaction(); err != nil {
		return err
	}
	return client.ProduceSync(ctx, list...).FirstErr()
}

func zombie(ctx context.Context, asked task) error {
	first, err := connect(asked, kgo.TransactionalID(asked.ID))
	if err != nil {
		return err
	}
	if err := begin(ctx, first, records(asked, "zombie", 1)); err != nil {
		return err
	}
	second, err := connect(asked, kgo.TransactionalID(asked.ID))
	if err != nil {
		return err
	}
	if err := begin(ctx, second, records(asked, "successor", 1)); err != nil {
		return err
	}
	if err := second.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return err
	}
	var fenced any
	if err := first.EndTransaction(ctx, kgo.TryCommit); err != nil {
		fenced = err.Error()
	}
	report(map[string]any{"fenced": fenced})
	return nil
}

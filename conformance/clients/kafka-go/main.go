// A program around segmentio/kafka-go that does what ../README.md lists; it has no transactions.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

type task struct {
	Brokers       string `json:"brokers"`
	Topic         string `json:"topic"`
	Group         string `json:"group"`
	Codec         string `json:"codec"`
	Prefix        string `json:"prefix"`
	Count         int    `json:"count"`
	Until         string `json:"until"`
	ReadCommitted bool   `json:"readCommitted"`
}

var codecs = map[string]kafka.Compression{
	"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
}

func main() {
	var asked task
	if err := json.Unmarshal([]byte(os.Args[2]), &asked); err != nil {
		fail(err)
	}
	commands := map[string]func(task) error{"produce": produce, "consume": consume, "member": member}
	command, known := commands[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no command %s", os.Args[1]))
	}
	if err := command(asked); err != nil {
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

func produce(asked task) error {
	writer := &kafka.Writer{
		Addr:         kafka.TCP(asked.Brokers),
		Topic:        asked.Topic,
		Balancer:     kafka.Murmur2Balancer{},
		RequiredAcks: kafka.RequireAll,
		BatchTimeout: 20 * time.Millisecond,
		BatchSize:    1000,
		Compression:  codecs[asked.Codec],
	}
	list := make([]kafka.Message, asked.Count)
	for index := range list {
		list[index] = kafka.Message{
			Key:   []byte(strconv.Itoa(index)),
			Value: fmt.Appendf(nil, "%s-%d", asked.Prefix, index),
		}
	}
	if err := writer.WriteMessages(context.Background(), list...); err != nil {
		return err
	}
	report(map[string]any{"produced": asked.Count})
	return writer.Close()
}

func reportRecord(message kafka.Message) {
	report(map[string]any{
		"value": string(message.Value), "partition": message.Partition, "offset": message.Offset,
	})
}

func consume(asked task) error {
	settings := kafka.ReaderConfig{Brokers: []string{asked.Brokers}, Topic: asked.Topic, MaxWait: 200 * time.Millisecond}
	if asked.ReadCommitted {
		settings.IsolationLevel = kafka.ReadCommitted
	}
	reader := kafka.NewReader(settings)
	for {
		message, err := reader.ReadMessage(context.Background())
		if err != nil {
			return err
		}
		reportRecord(message)
		if string(message.Value) == asked.Until {
			return reader.Close()
		}
	}
}

// member runs the generations of a group by hand: only so one is told which partitions one owns.
func member(asked task) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                asked.Group,
		Brokers:           []string{asked.Brokers},
		Topics:            []string{asked.Topic},
		HeartbeatInterval: 500 * time.Millisecond,
		StartOffset:       kafka.FirstOffset,
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		bufio.NewScanner(os.Stdin).Scan()
		cancel()
	}()
	for {
		generation, err := group.Next(ctx)
		if errors.Is(err, context.Canceled) {
			return group.Close()
		}
		if err != nil {
			return err
		}
		owned := []int{}
		for _, assignment := range generation.Assignments[asked.Topic] {
			owned = append(owned, assignment.ID)
			generation.Start(func(ctx context.Context) { readPartition(ctx, asked, generation, assignment) })
		}
		report(map[string]any{"assigned": owned})
	}
}

func readPartition(
	ctx context.Context, asked task, generation *kafka.Generation, assignment kafka.PartitionAssignment,
) {
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{asked.Brokers}, Topic: asked.Topic, Partition: assignment.ID, MaxWait: 200 * time.Millisecond,
	})
	defer reader.Close()
	if err := reader.SetOffset(assignment.Offset); err != nil {
		fail(err)
	}
	for {
		message, err := reader.ReadMessage(ctx)
		if errors.Is(err, context.Canceled) || errors.Is(err, kafka.ErrGenerationEnded) {
			return
		}
		if err != nil {
			fail(err)
		}
		next := map[string]map[int]int64{asked.Topic: {message.Partition: message.Offset + 1}}
		if err := generation.CommitOffsets(next); err != nil {
			return // the next owner reads it again
		}
		reportRecord(message)
	}
}

// A program around sarama that does what ../README.md lists.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

type task struct {
	Brokers       string `json:"brokers"`
	Topic         string `json:"topic"`
	Group         string `json:"group"`
	Codec         string `json:"codec"`
	ID            string `json:"id"`
	Prefix        string `json:"prefix"`
	Count         int    `json:"count"`
	Until         string `json:"until"`
	Commit        bool   `json:"commit"`
	ReadCommitted bool   `json:"readCommitted"`
}

var codecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

func main() {
	var asked task
	if err := json.Unmarshal([]byte(os.Args[2]), &asked); err != nil {
		fail(err)
	}
	commands := map[string]func(task) error{
		"produce": produce, "consume": consume, "member": member, "transact": transact, "zombie": zombie,
	}
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

func report(line map[string]any) {
	text, err := json.Marshal(line)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(text))
}

func config() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "conformance"
	config.Version = sarama.MaxVersion
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.Idempotent = true
	config.Producer.Flush.Frequency = 20 * time.Millisecond
	config.Net.MaxOpenRequests = 1
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.Group.Heartbeat.Interval = 500 * time.Millisecond
	return config
}

func messages(asked task, prefix string, count int) []*sarama.ProducerMessage {
	list := make([]*sarama.ProducerMessage, count)
	for index := range list {
		list[index] = &sarama.ProducerMessage{
			Topic: asked.Topic,
			Key:   sarama.StringEncoder(strconv.Itoa(index)),
			Value: sarama.StringEncoder(fmt.Sprintf("%s-%d", prefix, index)),
		}
	}
	return list
}

func produce(asked task) error {
	settings := config()
	settings.Producer.Compression = codecs[asked.Codec]
	producer, err := sarama.NewSyncProducer([]string{asked.Brokers}, settings)
	if err != nil {
		return err
	}
	if err := producer.SendMessages(messages(asked, asked.Prefix, asked.Count)); err != nil {
		return err
	}
	report(map[string]any{"produced": asked.Count})
	return producer.Close()
}

func consume(asked task) error {
	settings := config()
	if asked.ReadCommitted {
		settings.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	consumer, err := sarama.NewConsumer([]string{asked.Brokers}, settings)
	if err != nil {
		return err
	}
	partition, err := consumer.ConsumePartition(asked.Topic, 0, sarama.OffsetOldest)
	if err != nil {
		return err
	}
	for message := range partition.Messages() {
		reportRecord(message)
		if string(message.Value) == asked.Until {
			break
		}
	}
	return errors.Join(partition.Close(), consumer.Close())
}

func reportRecord(message *sarama.ConsumerMessage) {
	report(map[string]any{
		"value": string(message.Value), "partition": message.Partition, "offset": message.Offset,
	})
}

// handler reports a record when it is committed.
type handler struct{ topic string }

func (h handler) Setup(session sarama.ConsumerGroupSession) error {
	report(map[string]any{"assigned": append([]int32{}, session.Claims()[h.topic]...)})
	return nil
}

func (h handler) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (h handler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, open := <-claim.Messages():
			if !open {
				return nil
			}
			session.MarkMessage(message, "")
			session.Commit()
			reportRecord(message)
		case <-session.Context().Done():
			return nil
		}
	}
}

func member(asked task) error {
	group, err := sarama.NewConsumerGroup([]string{asked.Brokers}, asked.Group, config())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		bufio.NewScanner(os.Stdin).Scan()
		cancel()
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{asked.Topic}, handler{asked.Topic}); err != nil {
			return err
		}
	}
	return group.Close()
}

func transactional(asked task) (sarama.SyncProducer, error) {
	settings := config()
	settings.Producer.Transaction.ID = asked.ID
	return sarama.NewSyncProducer([]string{asked.Brokers}, settings)
}

func transact(asked task) error {
	producer, err := transactional(asked)
	if err != nil {
		return err
	}
	if err := producer.BeginTxn(); err != nil {
		return err
	}
	if err := producer.SendMessages(messages(asked, asked.Prefix, asked.Count)); err != nil {
		return err
	}
	end := producer.AbortTxn
	if asked.Commit {
		end = producer.CommitTxn
	}
	if err := end(); err != nil {
		return err
	}
	return producer.Close()
}

func zombie(asked task) error {
	first, err := transactional(asked)
	if err != nil {
		return err
	}
	if err := first.BeginTxn(); err != nil {
		return err
	}
	if err := first.SendMessages(messages(asked, "zombie", 1)); err != nil {
		return err
	}
	second, err := transactional(asked)
	if err != nil {
		return err
	}
	if err := second.BeginTxn(); err != nil {
		return err
	}
	if err := second.SendMessages(messages(asked, "successor", 1)); err != nil {
		return err
	}
	if err := second.CommitTxn(); err != nil {
		return err
	}
	var fenced any
	if err := first.CommitTxn(); err != nil {
		fenced = err.Error()
	}
	report(map[string]any{"fenced": fenced})
	return second.Close()
}

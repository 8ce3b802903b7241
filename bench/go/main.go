// Measures Go's Kafka clients for docs/benchmarks.md. One figure a run: seconds on standard output, as JSON.
//
//	go run . CLIENT MODE BROKERS TOPIC COUNT CONCURRENCY
//	go run . service
//
// The second form is what handlers call: it answers each byte that a connection sends with a byte, 1 ms later, and
// prints its address. The mode "calls" finds that in CANDLEWICK_BENCH_SERVICE.
//
// Messages are those of bench/delivery/workload.ts: 1,200 bytes, 200 keys, acks of all replicas, idempotent.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
)

const (
	valueBytes  = 1200
	distinct    = 1000
	keys        = 200
	warmUpShare = 10
)

type settings struct {
	brokers     []string
	topic       string
	count       int
	concurrency int
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "service" {
		serve()
		return
	}
	if len(os.Args) != 7 {
		log.Fatal("usage: CLIENT MODE BROKERS TOPIC COUNT CONCURRENCY")
	}
	count, err := strconv.Atoi(os.Args[5])
	check(err)
	concurrency, err := strconv.Atoi(os.Args[6])
	check(err)
	s := settings{strings.Split(os.Args[3], ","), os.Args[4], count, concurrency}
	runs := map[string]func(settings) time.Duration{
		"sarama sync":      saramaSync,
		"sarama async":     saramaAsync,
		"sarama consume":   saramaConsume,
		"kafka-go consume": kafkaGoConsume,
		"kafka-go pool":    func(s settings) time.Duration { return kafkaGoPool(s, sleeper) },
		"go timers":        goTimers,
		"kafka-go calls":   func(s settings) time.Duration { return kafkaGoPool(s, caller) },
		"kafka-go sync":    kafkaGoSync,
	}
	run, ok := runs[os.Args[1]+" "+os.Args[2]]
	if !ok {
		log.Fatalf("no bench %s %s", os.Args[1], os.Args[2])
	}
	took := run(s)
	check(json.NewEncoder(os.Stdout).Encode(map[string]float64{"seconds": took.Seconds()}))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// The same bytes as bench/delivery/workload.ts makes.
func values() [][]byte {
	all := make([][]byte, distinct)
	for i := range all {
		value := make([]byte, valueBytes)
		for j := range value {
			value[j] = byte(32 + (i*31+j*7+(j*i)%13)%90)
		}
		all[i] = value
	}
	return all
}

func keyOf(i int) string { return fmt.Sprintf("key-%d", i%keys) }

func producerConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Idempotent = true
	config.Net.MaxOpenRequests = 1
	config.Producer.Retry.Max = 3
	config.Producer.Retry.Backoff = 100 * time.Millisecond
	config.Producer.Return.Successes = true
	config.Producer.Return.Errors = true
	return config
}

func message(s settings, all [][]byte, i int) *sarama.ProducerMessage {
	return &sarama.ProducerMessage{
		Topic: s.topic,
		Key:   sarama.StringEncoder(keyOf(i)),
		Value: sarama.ByteEncoder(all[i%distinct]),
	}
}

// saramaSync awaits each message, from `concurrency` goroutines.
func saramaSync(s settings) time.Duration {
	producer, err := sarama.NewSyncProducer(s.brokers, producerConfig())
	check(err)
	all := values()
	send := func(count int) time.Duration {
		var next atomic.Int64
		var group sync.WaitGroup
		began := time.Now()
		for range s.concurrency {
			group.Go(func() {
				for i := next.Add(1); i <= int64(count); i = next.Add(1) {
					_, _, err := producer.SendMessage(message(s, all, int(i)))
					check(err)
				}
			})
		}
		group.Wait()
		return time.Since(began)
	}
	send(s.count / warmUpShare)
	took := send(s.count)
	check(producer.Close())
	return took
}

// saramaAsync puts messages into the input channel and counts the successes.
func saramaAsync(s settings) time.Duration {
	producer, err := sarama.NewAsyncProducer(s.brokers, producerConfig())
	check(err)
	all := values()
	send := func(count int) time.Duration {
		began := time.Now()
		var group sync.WaitGroup
		group.Go(func() {
			for done := 0; done < count; done++ {
				select {
				case <-producer.Successes():
				case failure := <-producer.Errors():
					log.Fatal(failure)
				}
			}
		})
		for i := range count {
			producer.Input() <- message(s, all, i)
		}
		group.Wait()
		return time.Since(began)
	}
	send(s.count / warmUpShare)
	took := send(s.count)
	check(producer.Close())
	return took
}

// kafkaGoSync awaits each message from `concurrency` goroutines through kafka-go's batching writer.
func kafkaGoSync(s settings) time.Duration {
	writer := &kafka.Writer{
		Addr: kafka.TCP(s.brokers...), Topic: s.topic, Balancer: kafka.Murmur2Balancer{Consistent: true},
		RequiredAcks: kafka.RequireAll, BatchTimeout: time.Millisecond, MaxAttempts: 3,
	}
	all := values()
	var next atomic.Int64
	var group sync.WaitGroup
	began := time.Now()
	for range s.concurrency {
		group.Go(func() {
			for i := next.Add(1); i <= int64(s.count); i = next.Add(1) {
				check(writer.WriteMessages(context.Background(),
					kafka.Message{Key: []byte(keyOf(int(i))), Value: all[int(i)%distinct]}))
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	check(writer.Close())
	return took
}

type counter struct {
	left  atomic.Int64
	first sync.Once
	began time.Time
	done  chan struct{}
}

func newCounter(count int) *counter {
	c := &counter{done: make(chan struct{})}
	c.left.Store(int64(count))
	return c
}

func (c *counter) seen() { c.first.Do(func() { c.began = time.Now() }) }

func (c *counter) finish() {
	if c.left.Add(-1) == 0 {
		close(c.done)
	}
}

type saramaHandler struct{ counter *counter }

func (saramaHandler) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (saramaHandler) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (h saramaHandler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case record, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			h.counter.seen()
			session.MarkMessage(record, "")
			h.counter.finish()
		case <-session.Context().Done():
			return nil
		}
	}
}

// saramaConsume reads the topic with a group and an empty handler.
func saramaConsume(s settings) time.Duration {
	config := sarama.NewConfig()
	config.Version = sarama.V3_6_0_0
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	group, err := sarama.NewConsumerGroup(s.brokers, groupName("sarama"), config)
	check(err)
	c := newCounter(s.count)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for ctx.Err() == nil {
			check(group.Consume(ctx, []string{s.topic}, saramaHandler{c}))
		}
	}()
	<-c.done
	took := time.Since(c.began)
	cancel()
	return took
}

// kafkaGoConsume reads with a group, committing once a second, and an empty handler.
func kafkaGoConsume(s settings) time.Duration {
	reader := groupReader(s)
	c := newCounter(s.count)
	for range s.count {
		_, err := reader.ReadMessage(context.Background())
		check(err)
		c.seen()
		c.finish()
	}
	return time.Since(c.began)
}

// A worker's way of spending 1 ms on a record: a timer, or a call of a service over a connection of its own.
func sleeper() func() { return func() { time.Sleep(time.Millisecond) } }

func caller() func() {
	connection, err := net.Dial("tcp", os.Getenv("CANDLEWICK_BENCH_SERVICE"))
	check(err)
	buffer := make([]byte, 1)
	return func() {
		_, err := connection.Write(buffer)
		check(err)
		_, err = connection.Read(buffer)
		check(err)
	}
}

// goTimers is what the pool could do at most: its goroutines without Kafka.
func goTimers(s settings) time.Duration {
	var left atomic.Int64
	left.Store(int64(s.count))
	var group sync.WaitGroup
	began := time.Now()
	for range s.concurrency {
		group.Go(func() {
			handle := sleeper()
			for left.Add(-1) >= 0 {
				handle()
			}
		})
	}
	group.Wait()
	return time.Since(began)
}

// serve answers until its standard input ends.
func serve() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr())
	go func() {
		for {
			connection, err := listener.Accept()
			check(err)
			go func() {
				buffer := make([]byte, 1)
				for {
					if _, err := connection.Read(buffer); err != nil {
						connection.Close()
						return
					}
					time.Sleep(time.Millisecond)
					connection.Write(buffer)
				}
			}()
		}
	}()
	io.Copy(io.Discard, os.Stdin)
}

// kafkaGoPool hands what a reader fetches to `concurrency` goroutines, each taking 1 ms a record.
func kafkaGoPool(s settings, newHandler func() func()) time.Duration {
	reader := groupReader(s)
	c := newCounter(s.count)
	work := make(chan kafka.Message, s.concurrency)
	for range s.concurrency {
		handle := newHandler()
		go func() {
			for range work {
				handle()
				c.finish()
			}
		}()
	}
	for range s.count {
		record, err := reader.ReadMessage(context.Background())
		check(err)
		c.seen()
		work <- record
	}
	<-c.done
	return time.Since(c.began)
}

func groupReader(s settings) *kafka.Reader {
	return kafka.NewReader(kafka.ReaderConfig{
		Brokers: s.brokers, Topic: s.topic, GroupID: groupName("kafka-go"), StartOffset: kafka.FirstOffset,
		CommitInterval: time.Second, MinBytes: 1, MaxBytes: 8 << 20, MaxWait: 500 * time.Millisecond,
	})
}

func groupName(client string) string {
	return fmt.Sprintf("bench-%s-%d", client, time.Now().UnixNano())
}

package firstseen.elasticsearch;

import com.google.gson.JsonParser;
import firstseen.ingest.BusyException;
import firstseen.ingest.Cluster;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.elasticsearch.ElasticsearchException;
import org.elasticsearch.ExceptionsHelper;
import org.elasticsearch.ResourceAlreadyExistsException;
import org.elasticsearch.action.ActionListener;
import org.elasticsearch.action.DocWriteRequest;
import org.elasticsearch.action.admin.indices.create.CreateIndexRequest;
import org.elasticsearch.action.admin.indices.create.CreateIndexResponse;
import org.elasticsearch.action.bulk.BulkItemResponse;
import org.elasticsearch.action.bulk.BulkRequest;
import org.elasticsearch.action.bulk.BulkResponse;
import org.elasticsearch.action.delete.DeleteRequest;
import org.elasticsearch.action.get.MultiGetItemResponse;
import org.elasticsearch.action.get.MultiGetRequest;
import org.elasticsearch.action.get.MultiGetResponse;
import org.elasticsearch.action.index.IndexRequest;
import org.elasticsearch.action.search.SearchRequest;
import org.elasticsearch.action.search.SearchResponse;
import org.elasticsearch.action.support.IndicesOptions;
import org.elasticsearch.client.internal.Client;
import org.elasticsearch.cluster.service.ClusterService;
import org.elasticsearch.common.util.concurrent.ThreadContext;
import org.elasticsearch.core.TimeValue;
import org.elasticsearch.index.IndexNotFoundException;
import org.elasticsearch.index.query.QueryBuilder;
import org.elasticsearch.index.query.QueryBuilders;
import org.elasticsearch.ingest.IngestService;
import org.elasticsearch.rest.RestStatus;
import org.elasticsearch.search.SearchHit;
import org.elasticsearch.search.builder.SearchSourceBuilder;
import org.elasticsearch.xcontent.XContentType;

/** Documents by way of the node's own client, and in nobody's name: not in that of whoever sends events. */
final class ElasticsearchCluster implements Cluster {
    /** How long a write waits for a shard that is not there. */
    private static final TimeValue SHARD_WAIT = TimeValue.timeValueSeconds(5);

    private final Client client;
    private final ClusterService service;
    private final ThreadContext context;

    ElasticsearchCluster(Client client, ClusterService service, ThreadContext context) {
        this.client = client;
        this.service = service;
        this.context = context;
    }

    @Override
    public CompletionStage<List<Stored>> get(String index, List<String> ids) {
        MultiGetRequest request = new MultiGetRequest();
        ids.forEach(id -> request.add(index, id));
        return this.<MultiGetResponse>call(listener -> client.multiGet(request, listener))
            .thenApply(response -> {
                List<Stored> found = new ArrayList<>();
                for (MultiGetItemResponse item : response.getResponses()) {
                    found.add(stored(item));
                }
                return found;
            });
    }

    private static Stored stored(MultiGetItemResponse item) {
        if (item.isFailed()) {
            Exception failure = item.getFailure().getFailure();
            if (ExceptionsHelper.unwrapCause(failure) instanceof IndexNotFoundException) {
                return null;
            }
            throw failed(failure);
        }
        var found = item.getResponse();
        return found.isExists()
            ? stored(found.getId(), found.getSeqNo(), found.getPrimaryTerm(), found.getSourceAsString())
            : null;
    }

    private static Stored stored(String id, long seqNo, long primaryTerm, String source) {
        return new Stored(id, new Version(seqNo, primaryTerm), JsonParser.parseString(source).getAsJsonObject());
    }

    @Override
    public CompletionStage<List<Outcome>> write(List<Write> writes) {
        BulkRequest request = new BulkRequest().timeout(SHARD_WAIT);
        writes.forEach(write -> request.add(request(write)));
        return this.<BulkResponse>call(listener -> client.bulk(request, listener))
            .handle((response, error) -> {
                List<Outcome> outcomes = new ArrayList<>();
                for (int i = 0; i < writes.size(); i++) {
                    outcomes.add(error == null ? outcome(response.getItems()[i]) : outcome(error));
                }
                return outcomes;
            });
    }

    private static DocWriteRequest<?> request(Write write) {
        if (write.source() == null) {
            return new DeleteRequest(write.index(), write.id())
                .setIfSeqNo(write.version().seqNo())
                .setIfPrimaryTerm(write.version().primaryTerm());
        }
        IndexRequest request = new IndexRequest(write.index()).id(write.id()).source(write.source(), XContentType.JSON)
            .setPipeline(IngestService.NOOP_PIPELINE_NAME);
        return write.version() == null
            ? request.opType(DocWriteRequest.OpType.CREATE)
            : request.setIfSeqNo(write.version().seqNo()).setIfPrimaryTerm(write.version().primaryTerm());
    }

    private static Outcome outcome(BulkItemResponse item) {
        if (item.isFailed()) {
            return outcome(item.status(), item.getIndex() + ": " + item.getFailureMessage());
        }
        Version version = new Version(item.getResponse().getSeqNo(), item.getResponse().getPrimaryTerm());
        return new Outcome(Outcome.Kind.DONE, version, null);
    }

    private static Outcome outcome(Throwable error) {
        Throwable cause = ExceptionsHelper.unwrapCause(error);
        return cause instanceof BusyException
            ? new Outcome(Outcome.Kind.BUSY, null, cause.getMessage())
            : new Outcome(Outcome.Kind.FAILED, null, String.valueOf(cause.getMessage()));
    }

    private static Outcome outcome(RestStatus status, String cause) {
        if (status == RestStatus.CONFLICT) {
            return new Outcome(Outcome.Kind.CONFLICT, null, cause);
        }
        return new Outcome(isBusy(status) ? Outcome.Kind.BUSY : Outcome.Kind.FAILED, null, cause);
    }

    @Override
    public CompletionStage<List<Stored>> search(String index, Query query, int max) {
        SearchSourceBuilder source = new SearchSourceBuilder().size(max).seqNoAndPrimaryTerm(true);
        QueryBuilder found = switch (query) {
            case Query.All all -> QueryBuilders.matchAllQuery();
            case Query.AtMost atMost -> {
                source.sort(atMost.field());
                yield QueryBuilders.rangeQuery(atMost.field()).lte(atMost.value());
            }
        };
        SearchRequest request = new SearchRequest(index).source(source.query(found))
            .indicesOptions(IndicesOptions.LENIENT_EXPAND_OPEN_CLOSED_HIDDEN)
            .allowPartialSearchResults(false);
        return this.<SearchResponse, List<Stored>>call(
            listener -> client.search(request, listener), response -> {
                List<Stored> hits = new ArrayList<>();
                for (SearchHit hit : response.getHits().getHits()) {
                    hits.add(stored(hit.getId(), hit.getSeqNo(), hit.getPrimaryTerm(), hit.getSourceAsString()));
                }
                return hits;
            });
    }

    @Override
    public boolean exists(String index) {
        return service.state().metadata().getDefaultProject().hasIndexAbstraction(index);
    }

    @Override
    public CompletionStage<Void> make(Definition index) {
        if (exists(index.name())) {
            return CompletableFuture.completedStage(null);
        }
        CreateIndexRequest request = new CreateIndexRequest(index.name())
            .settings(index.settings(), XContentType.JSON)
            .mapping(index.mapping());
        return this.<CreateIndexResponse>call(
            listener -> client.admin().indices().create(request, listener)).handle((response, error) -> {
                if (error != null && !(ExceptionsHelper.unwrapCause(error) instanceof ResourceAlreadyExistsException)) {
                    throw failed(error);
                }
                return null;
            });
    }

    private <R> CompletableFuture<R> call(Consumer<ActionListener<R>> action) {
        return call(action, response -> response);
    }

    /** Makes a call. What is made of the response is made before it is released. */
    private <R, T> CompletableFuture<T> call(Consumer<ActionListener<R>> action, Function<R, T> made) {
        CompletableFuture<T> result = new CompletableFuture<>();
        ActionListener<R> listener = ActionListener.wrap(
            response -> result.complete(made.apply(response)), error -> result.completeExceptionally(failed(error)));
        try (ThreadContext.StoredContext before = context.stashContext()) {
            action.accept(listener);
        } catch (RuntimeException error) {
            result.completeExceptionally(failed(error));
        }
        return result;
    }

    private static RuntimeException failed(Throwable error) {
        Throwable cause = ExceptionsHelper.unwrapCause(error);
        if (isBusy(ExceptionsHelper.status(cause))) {
            return new BusyException(cause);
        }
        return cause instanceof RuntimeException runtime ? runtime : new ElasticsearchException(cause);
    }

    private static boolean isBusy(RestStatus status) {
        // 502 is a node that went away.
        return status == RestStatus.TOO_MANY_REQUESTS
            || status == RestStatus.SERVICE_UNAVAILABLE
            || status == RestStatus.BAD_GATEWAY;
    }
}

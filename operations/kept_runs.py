"""What the server still keeps, for the upkeep of large values."""

from datetime import datetime

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client

__all__ = ["any_started_by", "namespace_id"]


async def any_started_by(client: Client, moment: datetime) -> bool:
    """Whether a run is kept, open or ended, that was started by then. A reset is a start."""
    return (await client.count_workflows(f'StartTime <= "{moment.isoformat()}"')).count > 0


async def namespace_id(client: Client) -> str:
    """Another one for each namespace of each cluster, whatever it is called."""
    request = DescribeNamespaceRequest(namespace=client.namespace)
    return (await client.workflow_service.describe_namespace(request)).namespace_info.id

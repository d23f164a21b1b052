export const useHealthUpdates = (integrationIds: string[]) => {
  useEffect(() => {
    const ws = new WebSocket(`${WS_URL}/health-updates`);
    
    ws.onopen = () => {
      ws.send(JSON.stringify({ 
        type: 'subscribe', 
        integrationIds 
      }));
    };
    
    ws.onmessage = (event) => {
      const update = JSON.parse(event.data);
      
      // Update React Query cache
      queryClient.setQueryData(
        ['integration-health', update.integrationId],
        (old) => ({
          ...old,
          current: update.health
        })
      );
      
      // Show notification for critical failures
      if (update.health.status === 'unhealthy') {
        showNotification({
          title: 'Integration Error',
          message: `${update.service} integration is experiencing issues`,
          type: 'error'
        });
      }
    };
    
    return () => ws.close();
  }, [integrationIds]);
};
